"""The measures that come with the package: where each lives, without importing it."""

from gnomon.spec.entry import Entry

MEASURES: dict[str, Entry] = {
    "aimip_e1": Entry("gnomon.measures.aimip.bias:Bias", "AIMIP E1: bias of the mean climate, in files"),
    "aimip_e2": Entry("gnomon.measures.aimip.trend:Trend", "AIMIP E2: maps of linear trends, in files"),
    "aimip_e3": Entry("gnomon.measures.aimip.el_nino:ElNino", "AIMIP E3: regression on El Nino, in files"),
    "aimip_e4": Entry(
        "gnomon.measures.aimip.daily:Daily", "AIMIP E4: spread of days within months, in files"
    ),
    "aimip_e5": Entry("gnomon.measures.aimip.warmed:Warmed", "AIMIP E5: response to +2 K and +4 K, in files"),
    "depth": Entry("gnomon.measures.depth:Depth", "error of an inferred depth map: AbsRel, RMSE, deltas ..."),
    "depth_crps": Entry(
        "gnomon.measures.depth_crps:DepthCrps", "fair CRPS of the logarithm of depth, on held-out scenes"
    ),
    "depth_coverage": Entry(
        "gnomon.measures.depth_coverage:DepthCoverage",
        "share of true depths below each level an ensemble tells",
    ),
    "depth_coverage_shifted": Entry(
        "gnomon.measures.depth_coverage_shifted:DepthCoverageShifted",
        "the same with each knob beyond its training range",
    ),
    "depth_sparsification": Entry(
        "gnomon.measures.depth_sparsification:DepthSparsification",
        "does the spread of an ensemble of depth maps rank its errors?",
    ),
    "depth_sparsification_shifted": Entry(
        "gnomon.measures.depth_sparsification_shifted:DepthSparsificationShifted",
        "the same with each knob beyond its training range",
    ),
    "depth_response": Entry(
        "gnomon.measures.depth_response:DepthResponse",
        "does an inferred depth change as the true one when a knob moves things?",
    ),
    "depth_invariance": Entry(
        "gnomon.measures.depth_invariance:DepthInvariance",
        "change of an inferred depth where only the look of a scene changes",
    ),
    "valid_time": Entry("gnomon.measures.valid_time:ValidTime", "valid prediction time in Lyapunov times"),
    "error_growth": Entry("gnomon.measures.error_growth:ErrorGrowth", "squared error against lead time"),
    "attractor": Entry("gnomon.measures.attractor:Attractor", "state-space divergence by histogram"),
    "attractor_mixture": Entry(
        "gnomon.measures.attractor_mixture:AttractorMixture", "state-space divergence by Gaussian mixture"
    ),
    "wasserstein": Entry(
        "gnomon.measures.wasserstein:Wasserstein", "distance of the distributions of each variable"
    ),
    "moments": Entry("gnomon.measures.moments:Moments", "mean and variance of each variable"),
    "log_spectrum": Entry(
        "gnomon.measures.log_spectrum:LogSpectrum", "distance of the logarithms of power spectra"
    ),
    "spectrum_hellinger": Entry(
        "gnomon.measures.spectrum_hellinger:SpectrumHellinger",
        "Hellinger distance of smoothed power spectra",
    ),
    "leading_exponent": Entry(
        "gnomon.measures.exponents:LeadingExponent", "leading Lyapunov exponent of the learned system"
    ),
    "kaplan_yorke": Entry(
        "gnomon.measures.exponents:KaplanYorke", "Kaplan-Yorke dimension of the learned system"
    ),
    "ordinal_patterns": Entry(
        "gnomon.measures.ordinal_patterns:OrdinalPatterns", "divergence of the shares of ordinal patterns"
    ),
    "delayed_correlation": Entry(
        "gnomon.measures.delayed_correlation:DelayedCorrelation",
        "error of lagged auto- and cross-correlations",
    ),
    "exceedance": Entry(
        "gnomon.measures.exceedance:Exceedance",
        "how often and how long thresholds of the truth are exceeded",
    ),
    "conserved": Entry(
        "gnomon.measures.conserved:Conserved", "drift of quantities the world conserves or balances"
    ),
    "response_error": Entry("gnomon.measures.response_error:ResponseError", "error of the forced response"),
    "response_amplitude": Entry(
        "gnomon.measures.response_amplitude:ResponseAmplitude",
        "strength of the response over the true one",
    ),
    "response_pattern": Entry(
        "gnomon.measures.response_pattern:ResponsePattern", "pattern correlation of odd and even response"
    ),
    "response_slow": Entry(
        "gnomon.measures.response_slow:ResponseSlow", "error of the response to a slow cycle"
    ),
    "shift_error": Entry(
        "gnomon.measures.shift_error:ShiftError", "error of the response beyond the training range"
    ),
    "nonlinearity": Entry("gnomon.measures.nonlinearity:Nonlinearity", "|X(2d) - 2X(d)| / |2X(d)|"),
    "skill": Entry(
        "gnomon.measures.sphere.skill:Skill", "area-weighted forecast error over all headline fields"
    ),
    "acc": Entry(
        "gnomon.measures.sphere.acc:AnomalyCorrelation", "anomaly correlation of forecasts, areas weighed"
    ),
    "mean_state": Entry(
        "gnomon.measures.sphere.mean_state:MeanState",
        "error of one run's mean fields, in variances of the weather",
    ),
    "zonal_state": Entry(
        "gnomon.measures.sphere.zonal_state:ZonalState",
        "error of zonal-mean sections of temperature, wind, humidity",
    ),
    "sphere_spectrum": Entry(
        "gnomon.measures.sphere.sphere_spectrum:SphereSpectrum", "kinetic energy by total wavenumber"
    ),
    "band_variance": Entry(
        "gnomon.measures.sphere.band_variance:BandVariance", "variability at 2-8 days and slower"
    ),
    "modes": Entry("gnomon.measures.sphere.modes:Modes", "SAM, NAM, NAO, PNA by the common-basis method"),
    "extremes": Entry(
        "gnomon.measures.sphere.extremes:Extremes", "tails, heat and cold waves, wet and dry days"
    ),
    "persistence": Entry(
        "gnomon.measures.sphere.persistence:Persistence", "correlation of one day with the next"
    ),
    "budgets": Entry(
        "gnomon.measures.sphere.budgets:Budgets", "drift of air, water, energy and angular momentum"
    ),
    "stability": Entry(
        "gnomon.measures.sphere.stability:Stability",
        "divergences per simulated year, growth of the zonal spread",
    ),
    "cyclone_statistics": Entry(
        "gnomon.measures.cyclones.statistics:CycloneStatistics",
        "numbers of cyclones by depth, size, speed and deepening",
    ),
    "track_density": Entry(
        "gnomon.measures.cyclones.track_density:TrackDensity", "map of where cyclones pass"
    ),
    "cyclone_tracks": Entry(
        "gnomon.measures.cyclones.forecast_tracks:CycloneTracks",
        "separation of forecast cyclones from the truth's, misses charged",
    ),
    "cyclone_intensity": Entry(
        "gnomon.measures.cyclones.forecast_tracks:CycloneIntensity",
        "error of forecast cyclones' central pressure, misses charged",
    ),
    "response_gain": Entry(
        "gnomon.measures.sphere.response_gain:ResponseGain",
        "gain of tropical rain over Nino3.4 and Nino4",
    ),
    "response_odd": Entry(
        "gnomon.measures.sphere.response_parity:ResponseOdd", "error of the linear part of the response"
    ),
    "response_even": Entry(
        "gnomon.measures.sphere.response_parity:ResponseEven",
        "error of the nonlinear part of the response",
    ),
    "response_phase": Entry(
        "gnomon.measures.sphere.response_phase:ResponsePhase", "phase of the stationary wave response"
    ),
    "response_saturation": Entry(
        "gnomon.measures.sphere.response_saturation:ResponseSaturation",
        "saturation curve against the truth's own",
    ),
    "response_beyond": Entry(
        "gnomon.measures.sphere.response_beyond:ResponseBeyond",
        "error of the response beyond the trained amplitudes",
    ),
    "wave_source": Entry(
        "gnomon.measures.sphere.wave_source:WaveSource", "response of the Rossby wave source"
    ),
    "warming_indices": Entry(
        "gnomon.measures.sphere.warming_indices:WarmingIndices", "change of climate indices under warming"
    ),
    "warming_shown": Entry(
        "gnomon.measures.sphere.warming_shown:WarmingShown",
        "land contrast, polar amplification, feedback (no fidelity)",
    ),
    "warming_profile": Entry(
        "gnomon.measures.sphere.warming_profile:WarmingProfile",
        "zonal-mean warming and wind change by level",
    ),
    "warming_scaling": Entry(
        "gnomon.measures.sphere.warming_scaling:WarmingScaling",
        "nonlinearity by field, beside linear pattern scaling",
    ),
    "range_share": Entry(
        "gnomon.measures.sphere.warming_range:RangeShare",
        "share of states under warming outside the control's range",
    ),
    "crps": Entry("gnomon.measures.crps:Crps", "fair continuous ranked probability score"),
    "spread_skill": Entry(
        "gnomon.measures.spread_skill:SpreadSkill", "ensemble spread over error of its mean"
    ),
    "coverage": Entry(
        "gnomon.measures.coverage:Coverage", "how often the truth lies in the central interval"
    ),
    "rank_histogram": Entry(
        "gnomon.measures.rank_histogram:RankHistogram", "rank of the truth among the members"
    ),
    "relaxed_share": Entry(
        "gnomon.measures.causes.relaxed_share:RelaxedShare",
        "share of the error removed by relaxing one part of the run towards the truth",
    ),
    "regime_share": Entry(
        "gnomon.measures.causes.regime_share:RegimeShare",
        "share of the error of single steps that arises in one regime",
    ),
    "resolution_share": Entry(
        "gnomon.measures.causes.resolution_share:ResolutionShare",
        "share of a distance that disappears when the truth is seen at the model's resolution",
    ),
    "missing_term": Entry(
        "gnomon.measures.causes.missing_term:MissingTerm",
        "share of the error of one short step that the terms missing in the equations take away",
    ),
    "speed": Entry("gnomon.measures.speed:Speed", "simulated time per second, steps per second"),
    "training_cost": Entry("gnomon.measures.speed:TrainingCost", "seconds and trials spent on the fit"),
    "memory": Entry("gnomon.measures.speed:Memory", "peak memory while running"),
}
