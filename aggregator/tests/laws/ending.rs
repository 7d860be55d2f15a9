//! When faults stop, the job ends well.

use starloom_comms::events::{Outcome, What};

use crate::member::Life;
use crate::world::{ROUNDS, at_ends};

#[test]
fn a_job_whose_faults_stop_completes() {
    at_ends(6000..6150, |world| {
        let left = world.members.iter().filter(|member| member.life == Life::Left).count();
        match &world.outcome {
            // A release can reach members whose reports are lost with a killed aggregator; they have left.
            Some(Outcome::Completed) if left > 0 => {}
            // All members were lost or refused: there was nobody to go on, or to deliver the last checkpoint.
            Some(Outcome::Failed { .. } | Outcome::NotLanded { .. }) if left == 0 => return Ok(()),
            other => return Err(format!("{left} members left and the outcome is {other:?}")),
        }
        let whole = world.members.iter().filter(|member| member.life == Life::Left);
        match whole.map(|member| member.applied.len() as u64).find(|&applied| applied != ROUNDS) {
            Some(applied) => Err(format!("a member left after {applied} of {ROUNDS} rounds")),
            None => Ok(()),
        }
    });
}

#[test]
fn most_storms_are_survived() {
    let mut completed = 0;
    let mut lost = 0;
    for seed in 7000..7100 {
        let world = crate::world::World::new(seed).run();
        completed += usize::from(world.outcome == Some(Outcome::Completed));
        lost += world.events.iter().filter(|event| matches!(event, What::NodeLost { .. })).count();
    }
    assert!(completed >= 95, "only {completed} of 100 jobs completed");
    assert!(lost >= 100, "only {lost} nodes were lost in 100 storms: they are no storms");
}
