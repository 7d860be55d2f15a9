//! Every key of a scenario, in the order in which a resolved scenario is written.

use super::collective::{Packing, StrategyChoice};
use super::key::{Absent, High, Key, Kind, Low};
use super::orbits::Band;
use super::training::{LearningRateSchedule, Mode, Optimizer};
use super::types::{SimulatedPayload, Topology};
use crate::codec::Wire;
use crate::events::Phase;
use crate::limits::{MAX_CHUNK_BYTES, MAX_ELEMENTS, MAX_NODES};
use Absent::{Default, Required, Unset};
use High::{AtMost, Below};
use Kind::{Address, Document, Flag, Instant, Integer, Name, Names, Number, Path, Peer, Size, Text, Word};
use Low::{Above, AtLeast};

macro_rules! keys {
    ($($id:ident = $path:literal, $unit:literal, $kind:expr, $absent:expr, $meaning:expr;)+) => {
        $(
            pub(super) static $id: Key =
                Key { path: $path, unit: $unit, kind: $kind, absent: $absent, meaning: $meaning };
        )+

        /// Every key.
        pub(super) static ALL: &[&Key] = &[$(&$id),+];
    };
}

/// Longest time that a scenario can name: three years.
const LONGEST_SECS: High = AtMost(1e8);
/// Longest light time: an hour.
const LONGEST_DELAY: High = AtMost(3.6e6);
const RATES: Kind = Number(AtLeast(0.001), AtMost(1e9));
const SHARES: Kind = Number(AtLeast(0.0), Below(1.0));
const SCALES: Kind = Number(AtLeast(1e-6), AtMost(1e9));
const SPANS: Kind = Number(AtLeast(0.001), LONGEST_SECS);
const INSTANTS: Kind = Number(AtLeast(0.0), LONGEST_SECS);
const DELAYS: Kind = Number(AtLeast(0.0), LONGEST_DELAY);
const MANY: u64 = 1_000_000_000;

keys! {
    NAME = "name", "", Name, Required,
        "What run directories are named after.";
    SEED = "seed", "", Integer(0, i64::MAX as u64), Default("0"),
        "Where all randomness of the job comes from.";

    NODES = "mesh.nodes", "nodes", Integer(1, MAX_NODES as u64), Required,
        "How many nodes train. They are named `sat-0` and on. A scenario has this, or `[constellation]`.";
    TOPOLOGY = "mesh.topology", "", Word(Topology::WORDS), Default("\"full\""),
        "Who has a link to whom: each node to each other, or in a closed ring.";
    RATE = "mesh.rate_mbps", "Mbit/s", RATES, Default("1000"),
        "What each direction of a link carries.";
    DELAY = "mesh.delay_ms", "ms", DELAYS, Default("5"),
        "Light time of a link.";

    WALKER = "constellation.walker", "", Text, Unset,
        "A Walker pattern in the IETF's notation, like `D:550:53.0:12/3/1`: delta or star (`S`), altitude in km, \
         inclination in degrees, satellites/planes/phasing. They are named `sat-0` and on, plane by plane. In place of \
         `tle` and `omm`.";
    TLE = "constellation.tle", "", Document, Unset,
        "Two-line element sets. Satellites are named by the last word of the line above them. The newest set of an \
         object counts.";
    OMM = "constellation.omm", "", Document, Unset,
        "Orbit mean-elements messages, in JSON or CSV.";
    START = "constellation.start", "UTC", Instant, Unset,
        "Mission time zero. Without it 2026-01-01T00:00:00Z for a pattern, and the newest epoch for element sets.";
    HOURS = "constellation.hours", "mission h", Number(AtLeast(0.01), AtMost(8784.0)), Default("24"),
        "For how long contacts are computed; after that there are none.";
    RAAN = "constellation.raan_deg", "degrees", Number(AtLeast(0.0), Below(360.0)), Default("0"),
        "Patterns: right ascension of the first plane's ascending node.";
    ARC = "constellation.arc_deg", "degrees", Number(Above(0.0), AtMost(360.0)), Default("360"),
        "Patterns: the arc that a plane's satellites are spread over; less than 360 for satellites that bunch together \
         after their launch.";
    SCATTER = "constellation.scatter_deg", "degrees", Number(AtLeast(0.0), AtMost(180.0)), Default("0"),
        "Patterns: how far a satellite is off its place at most, ahead or behind, drawn by a seed.";
    SCATTER_SEED = "constellation.scatter_seed", "", Integer(0, i64::MAX as u64), Unset,
        "That seed. Without it one that follows from `seed`.";
    ONLY = "constellation.only", "", Names, Unset,
        "The satellites that there are, of all of the pattern or file. Without it all.";
    RELAYS = "constellation.relays", "", Names, Unset,
        "Satellites that carry what others send, and do not train.";
    SPARES = "constellation.spares", "", Names, Unset,
        "Satellites that stand by, and do not train.";

    LASER_RATE = "links.rate_gbps", "Gbit/s", Number(AtLeast(1e-6), AtMost(1e6)), Default("100"),
        "What each direction of a link between satellites carries.";
    STEP_RANGE = "links.rate_step[].beyond_km", "km", Number(AtLeast(1.0), AtMost(1e6)), Required,
        "From which length on a link carries less. `[[links.rate_step]]` may stand any number of times, in order.";
    STEP_RATE = "links.rate_step[].rate_gbps", "Gbit/s", Number(AtLeast(1e-6), AtMost(1e6)), Required,
        "What it carries from there on.";
    MAX_RANGE = "links.max_range_km", "km", Number(AtLeast(1.0), AtMost(1e6)), Default("5016"),
        "The longest link.";
    GRAZING = "links.grazing_altitude_km", "km", Number(AtLeast(0.0), AtMost(10_000.0)), Default("80"),
        "How far above the Earth's equatorial radius a link has to stay.";
    TERMINALS = "links.terminals", "terminals", Integer(1, 64), Default("4"),
        "Laser terminals of a satellite: the links that it has at a time.";
    AMONG = "links.among", "", Names, Unset,
        "The satellites that have terminals. Without it all.";
    SEAM = "links.seam", "", Word(&["linked", "open"]), Default("\"linked\""),
        "Star patterns: whether there are links between the first and the last plane, which fly past each other.";
    CROSS_LATITUDE = "links.cross_plane_max_latitude_deg", "degrees", Number(AtLeast(0.0), AtMost(90.0)), Default("90"),
        "Patterns: up to which latitude satellites of different planes have links.";
    ACQUISITION = "links.acquisition_secs", "mission s", Number(AtLeast(0.0), AtMost(3600.0)), Default("15"),
        "How long terminals take to find each other for a link that opens: the median, which planners expect. 0 for at \
         once.";
    ACQUISITION_LEAST = "links.acquisition_least_secs", "mission s", Number(AtLeast(0.0), AtMost(3600.0)), Unset,
        "The least that it takes. Without it a third of the median.";
    ACQUISITION_MOST = "links.acquisition_most_secs", "mission s", Number(AtLeast(0.0), AtMost(36_000.0)), Unset,
        "The most that it takes. Without it four times the median.";
    ACQUISITION_FAILURES = "links.acquisition_failures", "", SHARES, Default("0.05"),
        "Share of attempts that fail and are followed by another. Planners do not know which.";
    ACQUISITION_SEED = "links.acquisition_seed", "", Integer(0, i64::MAX as u64), Unset,
        "The seed of how long acquisitions take. Without it one that follows from `seed`.";
    UPTIME = "links.uptime", "", Number(Above(0.0), AtMost(1.0)), Default("0.99"),
        "Share of the time that a link has light. Planners do not know when it loses it. 1 for always.";
    OUTAGE_MEAN = "links.outage_mean_secs", "mission s", Number(AtLeast(0.001), AtMost(36_000.0)), Default("7.5"),
        "Mean length of a loss of light.";
    OUTAGE_SEED = "links.outage_seed", "", Integer(0, i64::MAX as u64), Unset,
        "The seed of these losses. Without it one that follows from `seed`.";

    OUTAGE_A = "links.outage[].a", "", Peer, Required,
        "A satellite, or `station`. `[[links.outage]]` may stand any number of times; each is a window without contact \
         that everybody knows of, in both directions.";
    OUTAGE_B = "links.outage[].b", "", Peer, Required,
        "The other end.";
    OUTAGE_START = "links.outage[].start_secs", "mission s", INSTANTS, Required,
        "The first instant without contact.";
    OUTAGE_END = "links.outage[].end_secs", "mission s", INSTANTS, Required,
        "The first instant with contact again; later than `start_secs`.";

    GROUND_RATE = "ground.rate_mbps", "Mbit/s", RATES, Default("160"),
        "What a link to a station carries. With `[constellation]` its default is that of the band.";
    GROUND_DELAY = "ground.delay_ms", "ms", DELAYS, Default("5"),
        "With `[mesh]`: light time of that link.";
    BAND = "ground.band", "", Word(Band::WORDS), Default("\"x\""),
        "With `[constellation]`: X band (160 Mbit/s), Ka band (2 Gbit/s) or optical (120 Gbit/s).";
    STATIONS = "ground.stations", "", Document, Unset,
        "Ground stations: a CSV file with columns name, lat_deg, lon_deg, alt_m, or `[[ground.stations]]` in place. \
         Without either there are Svalbard, Kiruna, Hangzhou, Maspalomas, Singapore and Punta Arenas.";
    STATION_NAME = "ground.stations[].name", "", Text, Required,
        "What a station is called.";
    STATION_LAT = "ground.stations[].lat_deg", "degrees", Number(AtLeast(-90.0), AtMost(90.0)), Required,
        "Geodetic latitude, north of the equator.";
    STATION_LON = "ground.stations[].lon_deg", "degrees", Number(AtLeast(-180.0), AtMost(360.0)), Required,
        "Longitude, east of Greenwich.";
    STATION_ALT = "ground.stations[].alt_m", "m", Number(AtLeast(-500.0), AtMost(10_000.0)), Unset,
        "Height above the WGS-84 ellipsoid. Without it 0.";
    MIN_ELEVATION = "ground.min_elevation_deg", "degrees", Number(AtLeast(0.0), Below(90.0)), Default("10"),
        "How high above the horizon a satellite has to be for contact.";
    PASS_SUCCESS = "ground.pass_success", "", Number(Above(0.0), AtMost(1.0)), Default("1"),
        "Share of passes that take place; clouds spoil optical ones. Planners do not know which.";
    WEATHER_SEED = "ground.weather_seed", "", Integer(0, i64::MAX as u64), Unset,
        "The seed of these. Without it one that follows from `seed`.";

    TASK = "job.task", "", Text, Default("\"digits\""),
        "What is trained: `digits`, or a task of your own program. `none` trains nothing and moves bytes only.";
    INIT = "job.init", "", Path, Unset,
        "A `model.safetensors` to start from, relative to the folder that the command runs in. Without it \
         parameters start from the seed.";
    PAYLOAD = "job.payload", "bytes", Size(4, MAX_ELEMENTS as u64 * 4), Default("\"4 MiB\""),
        "Task `none`: size of the vector that a round exchanges, a multiple of 4 bytes.";
    COMPUTE = "job.compute_ms", "mission ms", DELAYS, Default("0"),
        "Task `none`: how long one inner step takes.";

    MODE = "training.mode", "", Word(Mode::WORDS), Default("\"local-sgd\""),
        "What a round exchanges: gradients after each step, or what parameters moved by in `inner_steps` steps on \
         shards that are re-dealt (`local-sgd`) or private (`fedavg`).";
    ROUNDS = "training.rounds", "rounds", Integer(1, MANY), Default("40"),
        "Rounds of the job.";
    INNER_STEPS = "training.inner_steps", "steps", Integer(1, 1_000_000), Default("8"),
        "Optimizer steps of a node between two exchanges. In mode `ddp` it is 1, and 1 without this key.";
    BATCH_SIZE = "training.batch_size", "samples", Integer(1, 1_000_000), Default("32"),
        "Samples of a forward and backward pass of a node.";
    ACCUMULATION = "training.accumulation", "batches", Integer(1, 1_000_000), Default("1"),
        "Batches whose gradients are added up for one step.";
    OPTIMIZER = "training.optimizer", "", Word(Optimizer::WORDS), Default("\"sgd\""),
        "How a step uses the gradient.";
    MOMENTUM = "training.momentum", "", SHARES, Default("0.9"),
        "Optimizer `sgd`: share of the last step that is kept.";
    NESTEROV = "training.nesterov", "", Flag, Default("false"),
        "Optimizer `sgd`: whether the gradient is taken ahead of the momentum, which must be above 0 then.";
    BETA_1 = "training.beta_1", "", SHARES, Default("0.9"),
        "Optimizer `adamw`: decay of the mean of gradients.";
    BETA_2 = "training.beta_2", "", SHARES, Default("0.999"),
        "Optimizer `adamw`: decay of the mean of their squares.";
    EPSILON = "training.epsilon", "", Number(Above(0.0), AtMost(1.0)), Default("1e-8"),
        "Optimizer `adamw`: what keeps its division finite.";
    WEIGHT_DECAY = "training.weight_decay", "", SHARES, Default("0"),
        "Decay of the parameters, relative to the learning rate.";
    LEARNING_RATE = "training.learning_rate", "", Number(Above(0.0), AtMost(1000.0)), Default("0.05"),
        "The learning rate at its highest.";
    SCHEDULE = "training.schedule", "", Word(LearningRateSchedule::WORDS), Default("\"constant\""),
        "How the learning rate falls after the warm-up, down to zero after the last step.";
    WARMUP_STEPS = "training.warmup_steps", "steps", Integer(0, MANY), Default("0"),
        "Steps over which the learning rate rises from zero; at most `rounds` times `inner_steps`.";
    CLIP_NORM = "training.clip_norm", "", Number(Above(0.0), AtMost(1e9)), Unset,
        "Longer gradients are shortened to this norm. Without it they are not.";
    TEST_FRACTION = "training.test_fraction", "", Number(Above(0.0), Below(1.0)), Default("0.2"),
        "Share of the data that is held out for the test, picked by the seed.";
    EVALUATE_EVERY = "training.evaluate_every", "rounds", Integer(0, MANY), Default("0"),
        "Rounds between two evaluations of the model on the held-out split, by one of the nodes. 0 for none before the end.";

    FLOPS_PER_SAMPLE = "compute.flops_per_sample", "FLOP", Number(AtLeast(0.0), AtMost(1e18)), Default("0"),
        "What training on one sample costs a satellite. 0 for nothing.";
    TOPS = "compute.tops", "10^12 operations per s", Number(Above(0.0), AtMost(1e9)), Default("744"),
        "What a satellite's computer can do at most.";
    UTILISATION = "compute.utilisation", "", Number(Above(0.0), AtMost(1.0)), Default("0.3"),
        "Share of that which training gets out of it.";
    ECLIPSE_SPEED = "compute.eclipse_speed", "", Number(Above(0.0), AtMost(1.0)), Default("0.5"),
        "Share of its speed that a satellite has left in the Earth's shadow.";

    DIRICHLET_ALPHA = "private.dirichlet_alpha", "", Number(AtLeast(0.001), AtMost(1e6)), Default("0.5"),
        "Mode `fedavg`: how alike the private shards are that the data is split into. Small is uneven and \
         one-sided, large is even.";
    PRIVATE_PATH = "private.paths.<node>", "", Path, Unset,
        "Mode `fedavg`: a node's own data, relative to the folder that the command runs in. For every node or for \
         none.";

    DEADLINE = "round.deadline_secs", "mission s", SPANS, Default("600"),
        "Time after which an attempt at a round is rolled back and tried again.";
    ATTEMPTS = "round.attempts", "attempts", Integer(1, 1_000_000), Default("10"),
        "Attempts at one round before the job fails.";

    STRATEGY = "collective.strategy", "", Word(StrategyChoice::WORDS), Default("\"auto\""),
        "What makes the schedule of the all-reduce. `auto` takes whichever is predicted to complete first on the \
         contact plan; docs/strategies.md says what each does.";
    SERVER = "collective.server", "", Peer, Unset,
        "Where `parameter-server` adds up: a satellite that trains or relays, or a ground station, which then takes part as a relay \
         does. Without it, and when it is lost, the member that has all contributions first.";
    GOSSIP_ROUNDS = "collective.gossip_rounds", "rounds", Integer(1, 1000), Default("8"),
        "How often neighbours exchange what they have in `gossip`. No job can go by that strategy, as it leaves each node with a mean \
         of its own; `bench allreduce` compares it.";
    WIRE = "collective.wire", "", Word(Wire::WORDS), Default("\"fp16\""),
        "How numbers look in frames; sums are in f32 in any case. What `int8` and `topk` lose is kept and made up for in \
         the next rounds, and parameters of one dimension travel as `fp16` with them.";
    ZSTD = "collective.zstd", "", Word(Packing::WORDS), Default("\"off\""),
        "Whether frames travel packed, without loss: never, always, or on links of less than 1 Gbit/s, each only where it makes \
         them shorter. Predictions count frames as they are.";
    CODING = "collective.coding_gb_s", "GB/s", Number(AtLeast(0.0), AtMost(1e6)), Default("0"),
        "How much bare f32 a satellite encodes, adds up or decodes in a second, on each link by itself; 0 if that is to take no \
         time. Plans, predictions and simulations go by it; what `launch` runs takes the time that it takes.";

    EVERY_ROUNDS = "checkpoint.every_rounds", "rounds", Integer(0, MANY), Default("10"),
        "Rounds between two checkpoints. The last round has one in any case, and with 0 it alone.";
    CHUNK = "checkpoint.chunk", "bytes", Size(1024, MAX_CHUNK_BYTES as u64), Default("\"256 KiB\""),
        "Size of the chunks that a checkpoint travels in, before compression.";
    LANDING_DEADLINE = "checkpoint.landing_deadline_secs", "mission s", SPANS, Default("600"),
        "Time that the last checkpoint may take to reach the ground.";

    HOST = "aggregator.host", "", Peer, Unset,
        "The satellite that it flies on; in a simulation its messages travel from there. Without it the first node.";
    SUSPECT_AFTER = "aggregator.suspect_after_secs", "wall s", SPANS, Default("2"),
        "Silence after which a node is lost.";
    JOIN_DEADLINE = "aggregator.join_deadline_secs", "wall s", SPANS, Default("60"),
        "How long the first round waits for all nodes.";
    PATIENCE = "aggregator.patience_secs", "wall s", SPANS, Default("60"),
        "How long a node keeps trying to reach a lost aggregator.";
    MIN_NODES = "aggregator.min_nodes", "nodes", Integer(1, MAX_NODES as u64), Default("1"),
        "Living nodes below which the job fails; at most as many as there are.";

    SIMULATED_PAYLOAD = "simulation.payload", "", Word(SimulatedPayload::WORDS), Default("\"real\""),
        "`real` trains the task and moves its numbers; `sized` moves as many bytes as `job.payload` says, and computes nothing.";

    TIME_SCALE = "emulation.time_scale", "mission s per wall s", SCALES, Default("1"),
        "How much faster than real time the mission runs.";
    BYTE_SCALE = "emulation.byte_scale", "", SCALES, Default("1"),
        "Bytes that an emulated link counts for each byte that it carries.";

    BIND = "network.bind", "", Address, Default("\"127.0.0.1\""),
        "Where processes listen: an address of this machine.";
    BASE_PORT = "network.base_port", "", Integer(0, 65_535), Default("0"),
        "Port of the aggregator; the station has the next one and node `i` has `base_port + 2 + i`. 0 takes any \
         free ports.";

    FAULT_KILL = "faults[].kill", "", Peer, Required,
        "A node, a relay, or `aggregator`. `[[faults]]` may stand any number of times; each kills a process (SIGKILL).";
    FAULT_ROUND = "faults[].at.round", "", Integer(1, MANY), Unset,
        "The round to strike in, at most `training.rounds`; goes with `phase`.";
    FAULT_PHASE = "faults[].at.phase", "", Word(&PHASES), Unset,
        "The phase of that round at whose beginning to strike.";
    FAULT_TIME = "faults[].at.mission_secs", "mission s", INSTANTS, Unset,
        "The instant to strike at, in place of `round` and `phase`.";
}

const PHASES: [&str; Phase::ALL.len()] = {
    let mut words = [""; Phase::ALL.len()];
    let mut index = 0;
    while index < words.len() {
        words[index] = Phase::ALL[index].as_str();
        index += 1;
    }
    words
};
