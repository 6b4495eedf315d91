"""The names that come with the package: where each thing lives, without importing it."""

from typing import NamedTuple


class Entry(NamedTuple):
    """Where a thing lives and, in one line, what it is."""

    target: str
    summary: str


BUILT_IN: dict[str, dict[str, Entry]] = {
    "worlds": {
        "archive": Entry(
            "gnomon.engine.archive_world:Archive", "files held to be the truth: a reanalysis, CMIP, AIMIP"
        ),
        "lorenz63": Entry(
            "gnomon.worlds.flow.lorenz63:Lorenz63", "Lorenz's three equations of 1963; knob rho"
        ),
        "lorenz96": Entry(
            "gnomon.worlds.network.lorenz96:Lorenz96", "Lorenz's ring of 40 coupled sites; knob F"
        ),
        "two_scale_lorenz96": Entry(
            "gnomon.worlds.network.two_scale_lorenz96:TwoScaleLorenz96",
            "Lorenz's slow ring with a fast ring in every site, slow seen; knob F",
        ),
        "random_network": Entry(
            "gnomon.worlds.network.random_network:RandomNetwork",
            "100 units with random couplings (Sompolinsky), 16 seen; knob g",
        ),
        "deep_hebbian": Entry(
            "gnomon.worlds.network.deep_hebbian:DeepHebbian",
            "128 units that store a cycle of patterns over a window, 16 overlaps seen; knob g",
        ),
        "kuramoto_sivashinsky": Entry(
            "gnomon.worlds.field.kuramoto_sivashinsky:KuramotoSivashinsky",
            "flame-front turbulence on a ring of length 60; knob: a large-scale drive",
        ),
        "held_suarez": Entry(
            "gnomon.worlds.sphere.held_suarez:HeldSuarez",
            "dry atmosphere with Newtonian cooling, T21 to T42; knob: the pole-to-equator contrast",
        ),
        "speedy": Entry(
            "gnomon.worlds.sphere.speedy:Speedy",
            "moist atmosphere over real terrain and seas, T21 or T31; knobs: El Nino, uniform warming",
        ),
    },
    "learners": {
        "collection": Entry(
            "gnomon.engine.archive_world:FileCollection", "files of a model's output, held against an archive"
        ),
        "perfect": Entry(
            "gnomon.learners.controls:Perfect", "control: the world itself, started from observations"
        ),
        "null": Entry("gnomon.learners.controls:Null", "control: an independent draw of each measure's null"),
        "peer": Entry(
            "gnomon.learners.controls:Peer", "the world's imperfect twin: a second, differently tuned physics"
        ),
        "wrong_forcing": Entry("gnomon.learners.faults:WrongForcing", "planted fault: the first knob is off"),
        "damped": Entry("gnomon.learners.faults:Damped", "planted fault: fast fluctuations are damped"),
        "overconfident": Entry(
            "gnomon.learners.faults:Overconfident", "planted fault: the ensemble is too narrow"
        ),
        "user": Entry("gnomon.adapters.user:UserModel", "your own step(state, forcing) -> state"),
        "files": Entry("gnomon.adapters.user:RolloutFiles", "files of rollouts that your own model wrote"),
        "neuralgcm": Entry(
            "gnomon.adapters.neuralgcm.subject:NeuralGCM",
            "a NeuralGCM checkpoint: a path, a public name, or the packaged toy",
        ),
        "persistence": Entry("gnomon.learners.baselines:Persistence", "tomorrow is today"),
        "climatology": Entry("gnomon.learners.baselines:Climatology", "the training mean, given the knob"),
        "analogue": Entry("gnomon.learners.analogue:Analogue", "follow the nearest state seen in training"),
        "linear": Entry("gnomon.learners.linear:Linear", "ridge DMD with delays"),
        "linear_inverse": Entry(
            "gnomon.learners.linear_inverse:LinearInverse", "linear dynamics and noise between EOFs"
        ),
        "pattern_scaling": Entry(
            "gnomon.learners.pattern_scaling:PatternScaling",
            "a fixed pattern times the forcing, about a drawn climate",
        ),
        "nvar": Entry(
            "gnomon.learners.nvar:Nvar", "next-generation reservoir: polynomials of delayed states"
        ),
        "echo_state": Entry("gnomon.learners.echo_state:EchoState", "leaky echo state network, closed loop"),
        "residual": Entry(
            "gnomon.learners.residual:Residual",
            "residual network (dense or convolution), one-step then unrolled",
        ),
        "column_hybrid": Entry(
            "gnomon.learners.column_hybrid:ColumnHybrid",
            "a world's dynamics under a network for the physics of every column, learned from the truth's tendencies",
        ),
        "hybrid": Entry(
            "gnomon.learners.hybrid:Hybrid", "imperfect physics of the same world plus a learned correction"
        ),
        "dmd": Entry(
            "gnomon.learners.mode_decomposition:ModeDecomposition",
            "linear map of states or delayed states in their leading directions, knobs as inputs",
        ),
        "havok": Entry(
            "gnomon.learners.delay_embedding_linear:DelayEmbeddingLinear",
            "linear in delay coordinates, forced by the last of them",
        ),
        "resdmd": Entry(
            "gnomon.learners.residual_dictionary:ResidualDictionary",
            "eigenfunctions of a dictionary, each with its residual, spurious ones dropped",
        ),
        "sindy": Entry(
            "gnomon.learners.sparse_equations:SparseEquations",
            "few terms of a library for the rate of change, fitted through the integrator",
        ),
        "shallow_plrnn": Entry(
            "gnomon.learners.shallow_plrnn:ShallowPlrnn",
            "a shallow piecewise-linear latent map, trained on long sequences under generalised forcing",
        ),
        "almost_linear_rnn": Entry(
            "gnomon.learners.almost_linear_rnn:AlmostLinearRnn",
            "a linear latent map with a few rectified units, and the symbolic code of its regions",
        ),
        "lstm": Entry(
            "gnomon.learners.lstm:Lstm",
            "a gated memory trained on forced sequences with noise and run in closed loop",
        ),
        "stnn": Entry(
            "gnomon.learners.hankel_network:HankelNetwork",
            "a network on delays with structured (circulant and diagonal) weights",
        ),
        "spacetime": Entry(
            "gnomon.learners.spacetime:SpaceTime",
            "companion-matrix state spaces on a window, decoder in closed loop",
        ),
        "mamba": Entry(
            "gnomon.learners.mamba:Mamba",
            "selective state spaces on a window; tokens are times or variables",
        ),
        "phyxmamba": Entry(
            "gnomon.learners.phyxmamba:PhyxMamba",
            "patches of a delay embedding, several at once, then free runs held to the attractor",
        ),
        "transformer": Entry(
            "gnomon.learners.transformer:Transformer",
            "causal attention on a window, a temperature for each token and place",
        ),
        "nbeats": Entry(
            "gnomon.learners.nbeats:NBeats",
            "trend, seasonal and generic bases on a window, with backcast residuals",
        ),
        "neural_ode": Entry(
            "gnomon.learners.neural_ode:NeuralODE",
            "a network as the rate of change, with or without a penalty on the solver's labour",
        ),
        "neural_sde": Entry(
            "gnomon.learners.neural_sde:NeuralSDE",
            "networks for drift and diagonal diffusion; fresh noise at every step",
        ),
        "hamiltonian_network": Entry(
            "gnomon.learners.hamiltonian_network:HamiltonianNetwork",
            "a learned energy whose gradient moves the state, with friction where pairs are not named",
        ),
        "corrected_physics": Entry(
            "gnomon.learners.corrected_physics:CorrectedPhysics",
            "an imperfect physics corrected by a network: after its steps, in its tendency, or through them",
        ),
        "deep_ensemble": Entry(
            "gnomon.learners.deep_ensemble:DeepEnsemble",
            "one learner fitted several times; each run follows one fit",
        ),
        "calibrated": Entry(
            "gnomon.learners.calibrated:Calibrated",
            "any learner plus noise sized so that spread matches error",
        ),
        "conformal": Entry(
            "gnomon.learners.conformal:Conformal",
            "any learner's forecast with intervals from validation residuals",
        ),
        "dropout_ensemble": Entry(
            "gnomon.learners.dropout_ensemble:DropoutEnsemble",
            "residual network thinned by chance, one mask a run",
        ),
        "pretrained": Entry(
            "gnomon.learners.pretrained:Pretrained",
            "one small network trained over many other systems, zero-shot",
        ),
    },
    "trials": {
        "forecast": Entry("gnomon.trials.forecast:Forecast", "how long is it right?"),
        "climate": Entry("gnomon.trials.climate:Climate", "left alone, does it live on the right attractor?"),
        "response": Entry("gnomon.trials.response:Response", "does it follow a forcing that varies?"),
        "shift": Entry("gnomon.trials.shift:Shift", "what does it do under a forcing it never trained on?"),
        "trust": Entry("gnomon.trials.trust:Trust", "does it know when it is wrong?"),
        "cost": Entry("gnomon.trials.cost:Cost", "what does it take to run and to train?"),
    },
    "measures": {
        "aimip_e1": Entry("gnomon.measures.aimip.bias:Bias", "AIMIP E1: bias of the mean climate, in files"),
        "aimip_e2": Entry("gnomon.measures.aimip.trend:Trend", "AIMIP E2: maps of linear trends, in files"),
        "aimip_e3": Entry(
            "gnomon.measures.aimip.el_nino:ElNino", "AIMIP E3: regression on El Nino, in files"
        ),
        "aimip_e4": Entry(
            "gnomon.measures.aimip.daily:Daily", "AIMIP E4: spread of days within months, in files"
        ),
        "aimip_e5": Entry(
            "gnomon.measures.aimip.warmed:Warmed", "AIMIP E5: response to +2 K and +4 K, in files"
        ),
        "valid_time": Entry(
            "gnomon.measures.valid_time:ValidTime", "valid prediction time in Lyapunov times"
        ),
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
        "response_error": Entry(
            "gnomon.measures.response_error:ResponseError", "error of the forced response"
        ),
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
        "speed": Entry("gnomon.measures.speed:Speed", "simulated time per second, steps per second"),
        "training_cost": Entry("gnomon.measures.speed:TrainingCost", "seconds and trials spent on the fit"),
        "memory": Entry("gnomon.measures.speed:Memory", "peak memory while running"),
    },
}
