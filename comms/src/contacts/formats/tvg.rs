//! A contact plan as a factual time-varying graph of the Python package `dtn-tvg-util`. Out only.
//!
//! The structure is that of `tvgutil.tvg.to_serializable` in version 0.1.6, which marks it `Contact_v2`:
//!
//! ```json
//! {"vertices": {"a": ["b"], "b": []},
//!  "edges": [{"vertices": ["a", "b"],
//!             "contacts": [["a", "b", 0, 60.5, [[0, 8000, 0, 0.0035]]]]}],
//!  "contact_type": "Contact_v2"}
//! ```
//!
//! `vertices` maps each node to those that it can send to. An edge is a lane; a contact is sender, receiver, start, end and
//! its characteristics, each a list of `starting_at`, bit rate, bit error rate and delay that holds up to the next. Times are
//! in seconds since mission start, rates in bit/s. The bit error rate is 0: a plan has none. The delay of a stretch is the
//! greatest light time of it, so nothing arrives later than the graph says.
//!
//! The graph has no contact that lasts: one is written with the end of all mission times, 584 years on. Cut the plan with
//! [`ContactPlan::until`] first.
//!
//! Source: <https://gitlab.com/d3tn/dtn-tvg-util>, `tvgutil/tvg.py` and `tvgutil/contact_plan.py`, released as
//! <https://pypi.org/project/dtn-tvg-util/0.1.6/>.

use std::io;

use super::seconds::Seconds;
use super::stretches::stretches;
use crate::contacts::{Contact, ContactPlan};
use crate::id::NodeId;

/// Writes the graph, an edge to a line.
///
/// # Errors
/// What `out` refuses.
pub fn write(plan: &ContactPlan, out: &mut dyn io::Write) -> io::Result<()> {
    write!(out, "{{\"vertices\":{{")?;
    for (index, node) in plan.nodes().into_iter().enumerate() {
        write!(out, "{}\"{node}\":[", comma(index))?;
        for (index, receiver) in plan.receivers(node).enumerate() {
            write!(out, "{}\"{receiver}\"", comma(index))?;
        }
        write!(out, "]")?;
    }
    write!(out, "}},\n\"edges\":[")?;
    for (index, (from, to, contacts)) in plan.lanes().enumerate() {
        write!(out, "{}\n{{\"vertices\":[\"{from}\",\"{to}\"],\"contacts\":[", comma(index))?;
        for (index, contact) in contacts.iter().enumerate() {
            write!(out, "{}", comma(index))?;
            write_contact(from, to, contact, out)?;
        }
        write!(out, "]}}")?;
    }
    writeln!(out, "],\n\"contact_type\":\"Contact_v2\"}}")
}

fn write_contact(from: &NodeId, to: &NodeId, contact: &Contact, out: &mut dyn io::Write) -> io::Result<()> {
    let [start, end] = [contact.start, contact.end].map(Seconds::from);
    write!(out, "[\"{from}\",\"{to}\",{start},{end},[")?;
    let mut characteristics: Vec<_> = stretches(contact)
        .into_iter()
        .map(|stretch| (stretch.start, stretch.rate, stretch.light_time[0].max(stretch.light_time[1])))
        .collect();
    characteristics.dedup_by_key(|&mut (_, rate, delay)| (rate, delay));
    for (index, (start, rate, delay)) in characteristics.into_iter().enumerate() {
        write!(out, "{}[{},{},0,{}]", comma(index), Seconds::from(start), rate.0, Seconds::from(delay))?;
    }
    write!(out, "]]")
}

/// What stands before the element of a JSON list or object.
fn comma(index: usize) -> &'static str {
    if index == 0 { "" } else { "," }
}

#[cfg(test)]
mod tests {
    use super::super::test_plans::bent_and_lasting;
    use super::*;
    use crate::units::MissionTime;

    #[test]
    fn the_graph_has_the_structure_that_tvgutil_reads() {
        let mut text = Vec::new();
        write(&bent_and_lasting().until(MissionTime(40_000_000_000)), &mut text).expect("memory takes it");
        let graph: serde_json::Value = serde_json::from_slice(&text).expect("JSON");
        let expected = serde_json::json!({
            "vertices": {"sat-0": ["sat-1"], "sat-1": ["station"], "station": []},
            "edges": [
                {"vertices": ["sat-0", "sat-1"], "contacts": [["sat-0", "sat-1", 10.5, 30.000_000_001, [
                    [10.5, 800, 0, 0.0044],
                    [20.5, 1600, 0, 0.0033],
                ]]]},
                {"vertices": ["sat-1", "station"], "contacts": [["sat-1", "station", 0, 40, [[0, 9, 0, 1.5]]]]},
            ],
            "contact_type": "Contact_v2",
        });
        assert_eq!(graph, expected);
    }
}
