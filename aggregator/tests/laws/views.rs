//! Views grow, and a view's number stands for one roster.

use std::collections::BTreeMap;

use starloom_comms::events::What;

use crate::world::{World, at_ends};

fn views_grow(world: &World) -> Result<(), String> {
    let mut rosters = BTreeMap::new();
    for member in &world.members {
        let mut last = None;
        for (view, roster) in &member.views {
            if last.is_some_and(|last| *view < last) {
                return Err(format!("{} went back from view {last:?} to {view}", member.id));
            }
            last = Some(*view);
            let known = rosters.entry(*view).or_insert(roster);
            if *known != roster {
                return Err(format!("view {view} is {known:?} for some and {roster:?} for {}", member.id));
            }
        }
    }
    let mut before = None;
    for event in &world.events {
        if let What::View { view, members, .. } = event {
            if before.is_some_and(|before| *view <= before) {
                return Err(format!("view {view} was announced after view {before:?}"));
            }
            if rosters.get(view).is_some_and(|roster| *roster != members) {
                return Err(format!("view {view} was announced with other members"));
            }
            before = Some(*view);
        }
    }
    Ok(())
}

#[test]
fn views_grow_and_name_one_roster() {
    at_ends(5000..5150, views_grow);
}
