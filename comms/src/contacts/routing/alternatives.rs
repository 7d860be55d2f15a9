//! The best few routes.
//!
//! Two routes differ if they differ in a contact; the same lane in another window is another contact. No route visits a
//! node twice. Found as in Yen, "Finding the K shortest loopless paths in a network" (Management Science 17, 1971), over contacts
//! instead of edges, as flight software for contact graph routing does (ION's `libcgr`). A route that leaves a found one at some
//! hop takes another contact there, and the rest is the earliest arrival from there on. Each route is looked for from where
//! it left the one that it was found by (Lawler, Management Science 18, 1972), so none is found twice.

use std::collections::BTreeMap;

use super::label::Label;
use super::query::Query;
use super::route::{Route, route};
use super::search::{Search, Start};

/// A route that is the best of its kind: it begins as another up to some hop, and takes none of some contacts there.
struct Candidate {
    trace: Vec<Label>,
    /// The label at which it leaves the route that it was found by.
    leaves: usize,
    /// The contacts that it must not take there.
    barred: Vec<u32>,
}

impl Search<'_> {
    /// The `count` routes to `to` with the earliest arrivals, earliest first; fewer if there are no more. Each takes its
    /// contacts as early as it can.
    pub fn routes(&mut self, query: &Query<'_>, to: u32, count: usize) -> Vec<Route> {
        let mut routes = Vec::new();
        let mut candidates = BTreeMap::new();
        // Of routes with one arrival, the one that was found first comes first.
        let mut found = 0_u64;
        let mut add = |candidates: &mut BTreeMap<_, _>, candidate: Candidate, most: usize| {
            let arrival = candidate.trace.last().map(|label| label.last);
            candidates.insert((arrival, found), candidate);
            found += 1;
            if candidates.len() > most {
                candidates.pop_last();
            }
        };
        let label = Label::sender(query.from, query.ready);
        if let Some(trace) = self.trace(query, &Start { label, visited: &[], barred: &[] }, to) {
            add(&mut candidates, Candidate { trace, leaves: 0, barred: Vec::new() }, count);
        }
        while let Some((_, best)) = candidates.pop_first() {
            routes.push(route(&best.trace));
            let missing = count - routes.len();
            for leaves in best.leaves..best.trace.len() - 1 {
                if missing > 0
                    && let Some(candidate) = self.leaving(query, &best, leaves)
                {
                    add(&mut candidates, candidate, missing);
                }
            }
        }
        routes
    }

    /// The best route that is as `other` up to a label, and takes another contact there.
    fn leaving(&mut self, query: &Query<'_>, other: &Candidate, leaves: usize) -> Option<Candidate> {
        let mut barred = vec![other.trace[leaves + 1].contact];
        if leaves == other.leaves {
            barred.extend_from_slice(&other.barred);
        }
        let (visited, label) = (&other.trace[..leaves], other.trace[leaves]);
        let to = other.trace.last()?.node;
        let rest = self.trace(query, &Start { label, visited, barred: &barred }, to)?;
        Some(Candidate { trace: [visited, &rest].concat(), leaves, barred })
    }
}
