//! The resolved scenario as TOML: every key, in the order of the table of keys.

mod orbits;
mod writer;

use super::keys;
use super::training::{Optimizer, Training};
use super::types::{FaultTime, Geometry, Mesh, Scenario};
use crate::id::Digest;
use writer::{Writer, instant, megabits, millis, number, secs, size, text};

impl Scenario {
    /// The scenario with every key, as TOML. [`Scenario::parse`] makes an equal scenario of it.
    #[must_use]
    pub fn to_toml(&self) -> String {
        let mut out = Writer::default();
        out.put(&keys::NAME, text(&self.name)).put(&keys::SEED, self.seed);
        match &self.geometry {
            Geometry::Mesh(mesh) => mesh.write(&mut out),
            Geometry::Orbits(orbits) => orbits.write(&mut out),
        }
        let job = &self.job;
        out.put(&keys::TASK, text(&job.task));
        out.put_or_unset(&keys::INIT, job.init.as_ref().map(|path| text(&path.to_string_lossy())));
        out.put(&keys::PAYLOAD, size(job.payload)).put(&keys::COMPUTE, millis(job.compute));
        self.training.write(&mut out);
        let compute = &self.compute;
        out.put(&keys::FLOPS_PER_SAMPLE, number(compute.flops_per_sample)).put(&keys::TOPS, number(compute.tops));
        out.put(&keys::UTILISATION, number(compute.utilisation));
        out.put(&keys::ECLIPSE_SPEED, number(compute.eclipse_speed));
        out.put(&keys::DIRICHLET_ALPHA, number(self.private.dirichlet_alpha));
        let round = &self.round;
        out.put(&keys::DEADLINE, secs(round.deadline)).put(&keys::ATTEMPTS, round.attempts);
        out.put(&keys::STRATEGY, text(self.collective.strategy.as_str()));
        out.put_or_unset(&keys::SERVER, self.collective.server.as_ref().map(|server| text(server.as_str())));
        out.put(&keys::GOSSIP_ROUNDS, self.collective.gossip_rounds);
        out.put(&keys::WIRE, text(self.collective.wire.as_str()));
        out.put(&keys::ZSTD, text(self.collective.zstd.as_str()));
        out.put(&keys::CODING, number(self.collective.coding_gb_s));
        let checkpoint = &self.checkpoint;
        out.put(&keys::EVERY_ROUNDS, checkpoint.every_rounds).put(&keys::CHUNK, size(checkpoint.chunk));
        out.put(&keys::LANDING_DEADLINE, secs(checkpoint.landing_deadline));
        let aggregator = &self.aggregator;
        out.put_or_unset(&keys::HOST, aggregator.host.as_ref().map(|host| text(host.as_str())));
        out.put(&keys::SUSPECT_AFTER, secs(aggregator.suspect_after));
        out.put(&keys::JOIN_DEADLINE, secs(aggregator.join_deadline));
        out.put(&keys::PATIENCE, secs(aggregator.patience)).put(&keys::MIN_NODES, aggregator.min_nodes);
        out.put(&keys::SIMULATED_PAYLOAD, text(self.simulation.payload.as_str()));
        out.put(&keys::TIME_SCALE, number(self.emulation.time_scale));
        out.put(&keys::BYTE_SCALE, number(self.emulation.byte_scale));
        out.put(&keys::BIND, text(&self.network.bind.to_string())).put(&keys::BASE_PORT, self.network.base_port);
        self.write_lists(&mut out);
        out.into_text()
    }

    /// The digest of the resolved scenario. Processes of one job have the same.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(self.to_toml().as_bytes())
    }

    /// The keys that can stand any number of times.
    fn write_lists(&self, out: &mut Writer) {
        if !self.private.paths.is_empty() {
            out.header("[private.paths]");
            for (node, path) in &self.private.paths {
                out.line(node, text(&path.to_string_lossy()));
            }
        }
        if let Geometry::Orbits(orbits) = &self.geometry {
            orbits.write_lists(out);
        }
        for outage in &self.outages {
            out.header("[[links.outage]]");
            out.line(keys::OUTAGE_A.name(), text(outage.a.as_str()))
                .line(keys::OUTAGE_B.name(), text(outage.b.as_str()));
            out.line(keys::OUTAGE_START.name(), instant(outage.start))
                .line(keys::OUTAGE_END.name(), instant(outage.end));
        }
        for fault in &self.faults {
            out.header("[[faults]]");
            let at = match fault.at {
                FaultTime::Phase { round, phase } => format!("{{ round = {round}, phase = {} }}", text(phase.as_str())),
                FaultTime::MissionTime(at) => format!("{{ mission_secs = {} }}", instant(at)),
            };
            out.line(keys::FAULT_KILL.name(), text(fault.kill.as_str())).line("at", at);
        }
    }
}

impl Mesh {
    fn write(&self, out: &mut Writer) {
        out.put(&keys::NODES, self.nodes).put(&keys::TOPOLOGY, text(self.topology.as_str()));
        out.put(&keys::RATE, megabits(self.rate)).put(&keys::DELAY, millis(self.delay));
        out.put(&keys::GROUND_RATE, megabits(self.ground.rate)).put(&keys::GROUND_DELAY, millis(self.ground.delay));
    }
}

impl Training {
    fn write(&self, out: &mut Writer) {
        out.put(&keys::MODE, text(self.mode.as_str())).put(&keys::ROUNDS, self.rounds);
        out.put(&keys::INNER_STEPS, self.inner_steps).put(&keys::BATCH_SIZE, self.batch_size);
        out.put(&keys::ACCUMULATION, self.accumulation).put(&keys::OPTIMIZER, text(self.optimizer.as_str()));
        match self.optimizer {
            Optimizer::Sgd { momentum, nesterov } => {
                out.put(&keys::MOMENTUM, number(momentum)).put(&keys::NESTEROV, nesterov);
                out.unset(&keys::BETA_1).unset(&keys::BETA_2).unset(&keys::EPSILON);
            }
            Optimizer::AdamW { beta_1, beta_2, epsilon } => {
                out.unset(&keys::MOMENTUM).unset(&keys::NESTEROV);
                out.put(&keys::BETA_1, number(beta_1)).put(&keys::BETA_2, number(beta_2));
                out.put(&keys::EPSILON, number(epsilon));
            }
        }
        out.put(&keys::WEIGHT_DECAY, number(self.weight_decay)).put(&keys::LEARNING_RATE, number(self.learning_rate));
        out.put(&keys::SCHEDULE, text(self.schedule.as_str())).put(&keys::WARMUP_STEPS, self.warmup_steps);
        out.put_or_unset(&keys::CLIP_NORM, self.clip_norm.map(number));
        out.put(&keys::TEST_FRACTION, number(self.test_fraction)).put(&keys::EVALUATE_EVERY, self.evaluate_every);
    }
}
