//! What must hold between two values of a scenario.

use std::fmt::Display;
use std::iter;

use super::collective::{Collective, StrategyChoice};
use super::error::Flaw;
use super::orbits::Orbits;
use super::problems::Problems;
use super::training::{Mode, Optimizer};
use super::tree::{Node, Source};
use super::types::{Fault, FaultTime, Geometry, Outage, Scenario};
use crate::events::Phase;
use crate::id::{NodeId, Round};

/// Reports every broken relation of a scenario whose values are each right.
pub(super) fn check(scenario: &Scenario, document: &Node, problems: &mut Problems<'_>) {
    let mut relations = Relations { scenario, document, problems };
    relations.of_training();
    relations.of_private_data();
    relations.of_aggregator();
    relations.of_strategy();
    relations.of_server();
    relations.of_network();
    for (index, outage) in scenario.outages.iter().enumerate() {
        relations.of_outage(&format!("links.outage[{index}]"), outage);
    }
    for (index, fault) in scenario.faults.iter().enumerate() {
        relations.of_fault(&format!("faults[{index}]"), fault);
    }
}

struct Relations<'a, 'p> {
    scenario: &'a Scenario,
    document: &'a Node,
    problems: &'a mut Problems<'p>,
}

impl Relations<'_, '_> {
    fn of_training(&mut self) {
        let training = &self.scenario.training;
        if training.mode == Mode::Ddp && training.inner_steps != 1 {
            let remedy = "gradients are exchanged after each step; set inner_steps = 1, or mode = \"local-sgd\"";
            let mode = ("training.mode", training.mode);
            self.broken(("training.inner_steps", training.inner_steps), "is more than 1 with", mode, remedy);
        }
        if training.warmup_steps > training.steps() {
            let steps = ("training.rounds × training.inner_steps", training.steps());
            let remedy = "a warm-up is over before the job is";
            self.broken(("training.warmup_steps", training.warmup_steps), "is more than", steps, remedy);
        }
        if let Optimizer::Sgd { momentum: 0.0, nesterov: true } = training.optimizer {
            let remedy = "Nesterov's step looks ahead along the momentum; raise it, or set nesterov = false";
            self.broken(("training.nesterov", true), "needs more than", ("training.momentum", 0), remedy);
        }
    }

    fn of_private_data(&mut self) {
        let Scenario { training, private, .. } = self.scenario;
        let Some((first, path)) = private.paths.first_key_value() else { return };
        let first = (&*format!("private.paths.{first}"), path.display());
        if training.mode != Mode::FedAvg {
            let remedy = "private data is for mode = \"fedavg\"";
            return self.broken(first, "cannot be used with", ("training.mode", training.mode), remedy);
        }
        for (node, path) in &private.paths {
            if self.scenario.slot(node).is_none() {
                let key = format!("private.paths.{node}");
                self.broken((&key, path.display()), "is for no node of", self.nodes(), self.nodes_are());
            }
        }
        if let Some(node) = self.scenario.nodes().iter().find(|node| !private.paths.contains_key(*node)) {
            let remedy = "give every node its data, or none";
            self.broken(first, "is set, and not", (&format!("private.paths.{node}"), "nothing"), remedy);
        }
    }

    fn of_aggregator(&mut self) {
        let (least, nodes) = (self.scenario.aggregator.min_nodes, self.scenario.node_count());
        if least > nodes {
            let remedy = format!("it can be 1 to {nodes}");
            self.broken(("aggregator.min_nodes", least), "is more than", self.nodes(), remedy);
        }
        if let Some(host) = self.scenario.aggregator.host.clone()
            && !self.scenario.relays().contains(&host)
        {
            self.is_node("aggregator.host", &host);
        }
    }

    fn of_strategy(&mut self) {
        let strategy = self.scenario.collective.strategy;
        if !strategy.is_exact() {
            let remedy = "it leaves each node with a mean of its own, and a job commits one that all have; take another, and \
                          `bench allreduce --strategies gossip` to compare it";
            let mode = ("training.mode", self.scenario.training.mode);
            self.broken(("collective.strategy", strategy), "cannot be used with", mode, remedy);
        }
    }

    fn of_server(&mut self) {
        let Collective { strategy, server: Some(server), .. } = self.scenario.collective.clone() else { return };
        if ![StrategyChoice::Auto, StrategyChoice::ParameterServer].contains(&strategy) {
            let remedy = "a server is for `parameter-server`, or for what `auto` chooses from; leave it out";
            let other = ("collective.strategy", strategy.as_str());
            return self.broken(("collective.server", server), "cannot be used with", other, remedy);
        }
        // A ground station that serves is one of the relays.
        if !self.scenario.relays().contains(&server) && self.scenario.slot(&server).is_none() {
            let stations = self.scenario.orbits().map_or_else(Vec::new, |_| self.scenario.stations());
            let stations = stations.iter().map(NodeId::as_str).collect::<Vec<_>>().join(", ");
            let remedy = match &*stations {
                "" => self.nodes_are(),
                stations => {
                    format!("{}; relays and the ground stations {stations} can serve as well", self.nodes_are())
                }
            };
            self.broken(("collective.server", server), "is no node of", self.nodes(), remedy);
        }
    }

    fn of_network(&mut self) {
        let (base, nodes) = (self.scenario.network.base_port, self.scenario.node_count());
        let highest = u32::from(u16::MAX) - nodes - 1;
        if base > 0 && u32::from(base) > highest {
            let remedy =
                format!("the last node's port would be beyond 65535; use at most {highest}, or 0 for free ports");
            self.broken(("network.base_port", base), "is too high for", self.nodes(), remedy);
        }
    }

    fn of_outage(&mut self, path: &str, outage: &Outage) {
        let Outage { a, b, start, end } = outage;
        let [key_a, key_b, key_start, key_end] =
            ["a", "b", "start_secs", "end_secs"].map(|name| format!("{path}.{name}"));
        let known = [(&key_a, a), (&key_b, b)].map(|(key, id)| self.is_peer(key, id));
        if known == [true, true] && !self.is_link(a, b) {
            let remedy = match &self.scenario.geometry {
                Geometry::Mesh(mesh) => format!("the {} mesh of {} nodes has no such link", mesh.topology, mesh.nodes),
                Geometry::Orbits(_) => "a link joins two satellites, or one with a station".to_owned(),
            };
            self.broken((&key_b, b), "has no link to", (&key_a, a), remedy);
        }
        if end <= start {
            let start = (key_start.as_str(), start.as_secs_f64());
            self.broken((&key_end, end.as_secs_f64()), "is not after", start, "an outage ends after it starts");
        }
    }

    fn is_link(&self, a: &NodeId, b: &NodeId) -> bool {
        let flies = |id: &NodeId| !self.is_station(id);
        match &self.scenario.geometry {
            Geometry::Mesh(mesh) => match (self.scenario.slot(a), self.scenario.slot(b)) {
                (Some(a), Some(b)) => mesh.joins(a, b),
                (a, b) => a.is_some() != b.is_some(),
            },
            Geometry::Orbits(_) => a != b && (flies(a) || flies(b)),
        }
    }

    fn is_station(&self, id: &NodeId) -> bool {
        *id == NodeId::station() || self.scenario.stations().contains(id)
    }

    /// Whether there is such a satellite or station, and a report if not.
    fn is_peer(&mut self, key: &str, id: &NodeId) -> bool {
        let flies = |orbits: &Orbits| orbits.satellites.iter().any(|each| each.node == *id);
        self.is_station(id) || self.scenario.orbits().is_some_and(flies) || self.is_node(key, id)
    }

    fn of_fault(&mut self, path: &str, fault: &Fault) {
        let relay = self.scenario.relays().contains(&fault.kill);
        if fault.kill != NodeId::aggregator() && !relay {
            self.is_node(&format!("{path}.kill"), &fault.kill);
        }
        let FaultTime::Phase { round, phase } = fault.at else { return };
        if relay && !phase.is_of_relays() {
            let remedy = "a relay has open, reduce, gather and commit";
            let key = format!("{path}.at.phase");
            return self.broken((&key, phase), "is no phase of", (&format!("{path}.kill"), &fault.kill), remedy);
        }
        let (key, rounds) = (format!("{path}.at.round"), self.scenario.training.rounds);
        let every = self.scenario.checkpoint.every_rounds;
        if round.0 > rounds {
            let remedy = "the job would be over; strike earlier, or leave the fault out";
            self.broken((&key, round), "is more than", ("training.rounds", rounds), remedy);
        } else if phase == Phase::Checkpoint && !self.has_checkpoint(round) {
            let remedy = "that round has no checkpoint to strike in; take a multiple, or the last round";
            self.broken((&key, round), "is not a multiple of", ("checkpoint.every_rounds", every), remedy);
        }
    }

    fn has_checkpoint(&self, round: Round) -> bool {
        let every = self.scenario.checkpoint.every_rounds;
        round.0 == self.scenario.training.rounds || (every > 0 && round.0.is_multiple_of(every))
    }

    /// Whether there is a node, and a report if not.
    fn is_node(&mut self, key: &str, id: &NodeId) -> bool {
        let known = self.scenario.slot(id).is_some();
        if !known {
            self.broken((key, id), "is no node of", self.nodes(), self.nodes_are());
        }
        known
    }

    /// What says how many nodes there are, and how many.
    fn nodes(&self) -> (&'static str, u32) {
        let key = match self.scenario.geometry {
            Geometry::Mesh(_) => "mesh.nodes",
            Geometry::Orbits(_) => "constellation",
        };
        (key, self.scenario.node_count())
    }

    fn nodes_are(&self) -> String {
        let nodes = self.scenario.nodes();
        match &nodes[..] {
            [only] => format!("there is {only} alone"),
            [first, .., last] => format!("there are {first} to {last}"),
            [] => "there is none".to_owned(),
        }
    }

    /// Reports the relation of a key's value to another's, or to a product of others, in the place of whatever was
    /// written last: an override before the text, the first before the second.
    fn broken(
        &mut self,
        (key, value): (&str, impl Display),
        relation: &'static str,
        (other, other_value): (&str, impl Display),
        remedy: impl Into<String>,
    ) {
        let written: Vec<Source> = iter::once(key)
            .chain(other.split(" × "))
            .filter_map(|path| self.document.find(path).map(|node| node.source))
            .filter(|source| *source != Source::Default)
            .collect();
        let overridden = written.iter().find(|source| matches!(source, Source::Override(_)));
        let source = overridden.or(written.first()).copied().unwrap_or(Source::Default);
        let (value, other_value) = (value.to_string(), other_value.to_string());
        let (key, other, remedy) = (key.to_owned(), other.to_owned(), remedy.into());
        self.problems.add(source, Flaw::Relation { key, value, relation, other, other_value, remedy });
    }
}
