//! No replica applies what another lacks.

use crate::member::Life;
use crate::world::{World, at_ends, in_worlds};

#[test]
fn replicas_never_apply_different_rounds() {
    in_worlds(0..100, |world| {
        let longest = world.members.iter().max_by_key(|member| member.applied.len()).ok_or("no members")?;
        for member in &world.members {
            if !longest.applied.starts_with(&member.applied) {
                return Err(format!("{} and {} applied different rounds", member.id, longest.id));
            }
        }
        Ok(())
    });
}

#[test]
fn members_that_see_the_end_have_applied_the_same_rounds() {
    at_ends(1000..1150, |world: &World| {
        let mut ends = world.members.iter().filter(|member| member.life == Life::Left);
        let Some(first) = ends.next() else { return Ok(()) };
        match ends.find(|member| member.history != first.history) {
            Some(other) => Err(format!("{} and {} left with different histories", first.id, other.id)),
            None => Ok(()),
        }
    });
}
