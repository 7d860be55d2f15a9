use crate::exchange::Exchange;
use crate::replica::{Learner, Replica};
use crate::seed::derive;
use crate::shard::Shard;
use crate::task::{DataSource, Task};
use crate::tasks::digits::Digits;
use crate::testing::{LocalExchange, Meeting};
use crate::{device, model};
use starloom_comms::id::{NodeId, Round};
use starloom_comms::scenario::Scenario;
use std::sync::Arc;
use std::thread;

fn job(scenario: &Scenario, lost: usize) -> f64 {
    let nodes: Vec<NodeId> = scenario.nodes().into_iter().skip(lost).collect();
    let meeting = Arc::new(Meeting::new(nodes.clone(), scenario.training.rounds));
    let hs: Vec<_> = nodes
        .into_iter()
        .map(|node| {
            let (scenario, meeting) = (scenario.clone(), meeting.clone());
            thread::spawn(move || {
                let task = Digits;
                let split = task.data(&DataSource::new(scenario.seed, 0.2)).unwrap();
                let mut shard = Shard::shared(&scenario, node.clone(), split.train.len() as u64);
                let dev = device();
                let m = model::build(derive(scenario.seed, "model"), &dev, || task.model(&dev));
                let mut learner = Learner::new(Arc::new(task), split, scenario.training.clone(), dev, m);
                let mut ex = LocalExchange::new(meeting, node);
                for r in 1..=scenario.training.rounds {
                    let roster = ex.roster();
                    let issue = shard.issue(&roster);
                    let s = shard.dealt(&issue);
                    let c = learner.contribute(Round(r), &s, &mut |_| {});
                    let a = ex.all_reduce(Round(r), c.vector, c.samples).unwrap();
                    learner.apply(Round(r), Some(&a.mean));
                    shard.commit(&issue, &a.contributors, &roster);
                }
                learner.evaluate().unwrap().accuracy.unwrap()
            })
        })
        .collect();
    hs.into_iter().map(|h| h.join().unwrap()).next_back().unwrap()
}

#[test]
fn grid() {
    for (mode, rounds, inner, batch, opt, lr, extra) in [
        ("local-sgd", "30", "4", "16", "sgd", "0.05", ""),
        ("local-sgd", "40", "4", "16", "sgd", "0.05", ""),
        ("local-sgd", "40", "4", "16", "sgd", "0.1", ""),
        ("local-sgd", "40", "8", "16", "sgd", "0.05", ""),
        ("local-sgd", "60", "4", "16", "sgd", "0.05", ""),
        ("local-sgd", "60", "4", "16", "sgd", "0.1", ""),
        ("local-sgd", "40", "4", "16", "adamw", "0.003", ""),
        ("ddp", "150", "1", "16", "sgd", "0.1", ""),
        ("ddp", "200", "1", "16", "adamw", "0.003", ""),
        ("fedavg", "60", "4", "16", "sgd", "0.05", ""),
    ] {
        let _ = extra;
        if mode == "fedavg" {
            continue;
        }
        let mut jobs = vec![];
        let mut solos = vec![];
        let t = std::time::Instant::now();
        for seed in ["1", "2", "3", "4", "5"] {
            let sc = crate::testing::scenario(&[
                ("seed", seed),
                ("mesh.nodes", "4"),
                ("training.mode", mode),
                ("training.rounds", rounds),
                ("training.inner_steps", inner),
                ("training.batch_size", batch),
                ("training.optimizer", opt),
                ("training.learning_rate", lr),
                ("training.schedule", "cosine"),
                ("training.warmup_steps", "5"),
            ]);
            jobs.push((job(&sc, 1) * 1e4).round() / 1e4);
            let r = crate::tasks::built_in()[0].solo(&sc, None).unwrap();
            solos.push((r.evaluation.unwrap().accuracy.unwrap() * 1e4).round() / 1e4);
        }
        println!(
            "{mode} R{rounds} H{inner} b{batch} {opt} {lr}: jobs {jobs:?} mean {:.4} solo {solos:?} mean {:.4} {:?}",
            jobs.iter().sum::<f64>() / 5.0,
            solos.iter().sum::<f64>() / 5.0,
            t.elapsed()
        );
    }
}
