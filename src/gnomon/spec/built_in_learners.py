"""The learners, controls and planted faults that come with the package: where each lives, without importing it."""

from gnomon.spec.entry import Entry

LEARNERS: dict[str, Entry] = {
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
    "wide_cyclones": Entry(
        "gnomon.learners.sphere_faults:WideCyclones", "planted fault: lows are too wide, 30 % by default"
    ),
    "leaking_mass": Entry(
        "gnomon.learners.sphere_faults:LeakingMass", "planted fault: surface pressure falls all the time"
    ),
    "shifted_wave": Entry(
        "gnomon.learners.sphere_faults:ShiftedWave",
        "planted fault: the response outside the tropics stands too far east",
    ),
    "deaf_upper_levels": Entry(
        "gnomon.learners.sphere_faults:DeafUpperLevels", "planted fault: high levels do not respond"
    ),
    "saturating": Entry(
        "gnomon.learners.sphere_faults:Saturating", "planted fault: strong forcings are felt too little"
    ),
    "wrong_physics": Entry(
        "gnomon.learners.sphere_faults:WrongPhysics", "planted fault: a parameter of the world is wrong"
    ),
    "overconfident": Entry(
        "gnomon.learners.faults:Overconfident", "planted fault: the ensemble is too narrow"
    ),
    "sidert": Entry(
        "gnomon.learners.sidert.learner:SideRT",
        "Swin encoder and a light decoder: the depth behind one picture",
    ),
    "sidert_spread": Entry(
        "gnomon.learners.sidert.spread_learner:SpreadSideRT",
        "SideRT that tells how sure it is of each pixel; spreads as told, or scaled",
    ),
    "shipped_sidert": Entry(
        "gnomon.learners.shipped_sidert:ShippedSideRT", "SideRT as it is shipped, trained on rendered scenes"
    ),
    "depth_unet": Entry("gnomon.learners.depth_unet:DepthUNet", "U-Net from a picture to its depth"),
    "depth_linear": Entry(
        "gnomon.learners.depth_baselines:LinearDepth", "baseline: depth linear in place and colour"
    ),
    "mean_depth": Entry(
        "gnomon.learners.depth_baselines:MeanDepth", "baseline: the mean depth at each pixel"
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
    "nvar": Entry("gnomon.learners.nvar:Nvar", "next-generation reservoir: polynomials of delayed states"),
    "echo_state": Entry("gnomon.learners.echo_state:EchoState", "leaky echo state network, closed loop"),
    "residual": Entry(
        "gnomon.learners.residual:Residual",
        "residual network (dense or convolution), one-step then unrolled",
    ),
    "column_hybrid": Entry(
        "gnomon.learners.column_hybrid:ColumnHybrid",
        "a world's dynamics under a network for the physics of every column, learned from the truth's tendencies",
    ),
    "shipped_hybrid": Entry(
        "gnomon.learners.shipped_hybrid:ShippedHybrid",
        "column_hybrid on speedy, trained once and shipped; nothing is fitted",
    ),
    "closure": Entry(
        "gnomon.learners.closure:Closure",
        "coarse flow plus a closure: Smagorinsky, Leith, Jansen-Held, a network (offline, online), or by inversion",
    ),
    "hybrid": Entry(
        "gnomon.learners.hybrid:Hybrid", "imperfect physics of the same world plus a learned correction"
    ),
    "hybrid_of": Entry(
        "gnomon.learners.hybrid_of:HybridOf", "imperfect physics whose next error any learner forecasts"
    ),
    "hybrid_echo_state": Entry(
        "gnomon.learners.hybrid_echo_state:HybridEchoState",
        "a reservoir that hears an imperfect physics and corrects its forecast",
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
    "fourier_operator": Entry(
        "gnomon.learners.fourier_operator:FourierOperator",
        "convolutions over all waves of a ring, a periodic plane or a sphere (FNO, SFNO)",
    ),
    "unet": Entry(
        "gnomon.learners.unet:UNet",
        "convolutions at several resolutions, across the ends of a domain and the poles",
    ),
    "deep_operator": Entry(
        "gnomon.learners.deep_operator:DeepOperator",
        "a branch that reads the whole field times a trunk that reads a place (DeepONet, MultiONet)",
    ),
    "latent_spectral": Entry(
        "gnomon.learners.latent_spectral:LatentSpectral",
        "patches drawn into a few tokens, changed by waves of their values, at several resolutions (LSM)",
    ),
    "kernel_operator": Entry(
        "gnomon.learners.kernel_operator:KernelOperator",
        "convolution as an operator: local kernels of a fixed size in space, on any grid",
    ),
    "attention_operator": Entry(
        "gnomon.learners.attention_operator:AttentionOperator",
        "attention between all points as an integral over space",
    ),
    "refiner": Entry(
        "gnomon.learners.refiner:Refiner",
        "a U-Net's step refined by removing noise at falling levels; every run is a draw (PDE-Refiner)",
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
}
