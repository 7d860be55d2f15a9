//! Every kind of bad input, and what is said about it.

use super::{FULL, LEAST, parse, parse_with};

/// Refuses the smallest scenario with `more` appended (its first line is line 4), and gives the message.
fn refused(more: &str) -> String {
    let text = format!("{LEAST}{more}\n");
    parse(&text).map(|scenario| scenario.name).expect_err(&text).to_string()
}

fn refused_with(text: &str, key: &str, value: &str) -> String {
    parse_with(text, &[(key, value)]).expect_err(key).to_string()
}

#[test]
fn a_mistyped_key_is_refused_with_its_line_and_the_nearest_key() {
    for (more, expected) in [
        (
            "[training]\nround = 5",
            "s.toml:5:1: `training.round` is not a key of a scenario; did you mean `training.rounds`?",
        ),
        (
            "[training]\nbatchsize = 5",
            "s.toml:5:1: `training.batchsize` is not a key of a scenario; did you mean `training.batch_size`?",
        ),
        (
            "[training]\n  learning_rte = 5",
            "s.toml:5:3: `training.learning_rte` is not a key of a scenario; did you mean `training.learning_rate`?",
        ),
        ("[trainig]\nrounds = 5", "s.toml:4:2: `trainig` is not a key of a scenario; did you mean `training`?"),
        (
            "[round]\ndeadline = 5",
            "s.toml:5:1: `round.deadline` is not a key of a scenario; did you mean `round.deadline_secs`?",
        ),
        ("[job]\nrounds = 5", "s.toml:5:1: `job.rounds` is not a key of a scenario; did you mean `training.rounds`?"),
        ("[[fault]]\n", "s.toml:4:3: `fault` is not a key of a scenario; did you mean `faults`?"),
        (
            "[[faults]]\nkill = \"sat-1\"\nat = { mision_secs = 3 }",
            "s.toml:6:8: `faults[0].at.mision_secs` is not a key of a scenario; did you mean `faults[0].at.mission_secs`?",
        ),
        ("[network]\nx = 5", "s.toml:5:1: `network.x` is not a key of a scenario; there can be `base_port`, `bind`"),
        (
            "\"training.rounds\" = 5",
            "s.toml:4:1: `mesh.training.rounds` is not a key of a scenario; there can be `delay_ms`, `nodes`, `rate_mbps`, `topology`",
        ),
    ] {
        let message = refused(more);
        assert!(message.starts_with(expected), "{message}\n{expected}");
    }
}

#[test]
fn a_wrong_type_is_refused_with_what_was_expected_and_found() {
    for (more, expected) in [
        (
            "[training]\nrounds = \"five\"",
            "s.toml:5:10: `training.rounds` must be an integer, and is the string \"five\"",
        ),
        ("[training]\nrounds = 4.5", "s.toml:5:10: `training.rounds` must be an integer, and is the float 4.5"),
        ("[training]\nlearning_rate = []", "s.toml:5:17: `training.learning_rate` must be a number, and is an array"),
        ("[training]\nnesterov = 1", "s.toml:5:12: `training.nesterov` must be true or false, and is the integer 1"),
        ("[training]\nmode = 2026-01-01", "s.toml:5:8: `training.mode` must be a string, and is the date 2026-01-01"),
        ("[job]\npayload = true", "s.toml:5:11: `job.payload` must be a size like \"4 MiB\", and is the boolean true"),
        ("[links]\noutage = { }", "s.toml:5:10: `links.outage` must be an array of tables, and is a table"),
        ("[links]\noutage = [3]", "s.toml:5:11: `links.outage[0]` must be a table, and is the integer 3"),
        ("[private]\npaths.sat-0 = 3", "s.toml:5:15: `private.paths.sat-0` must be a string, and is the integer 3"),
    ] {
        assert_eq!(refused(more), expected);
    }
    assert_eq!(
        parse("name = \"x\"\nmesh = 4").unwrap_err().to_string(),
        "s.toml:2:8: `mesh` must be a table, and is the integer 4"
    );
}

#[test]
fn a_value_out_of_range_is_refused_with_the_range() {
    for (more, expected) in [
        ("[training]\nrounds = 0", "`training.rounds` = 0 is out of range: it must be 1 to 1000000000 rounds"),
        ("[training]\nmomentum = 1", "`training.momentum` = 1 is out of range: it must be at least 0 and below 1"),
        ("[training]\nbeta_2 = nan", "`training.beta_2` = NaN is out of range: it must be at least 0 and below 1"),
        (
            "[emulation]\ntime_scale = inf",
            "`emulation.time_scale` = inf is out of range: it must be 0.000001 to 1000000000 mission s per wall s",
        ),
        (
            "[emulation]\nbyte_scale = 0",
            "`emulation.byte_scale` = 0 is out of range: it must be 0.000001 to 1000000000",
        ),
        ("[ground]\nrate_mbps = -3", "`ground.rate_mbps` = -3 is out of range: it must be 0.001 to 1000000000 Mbit/s"),
        (
            "[checkpoint]\nchunk = \"2 MiB\"",
            "`checkpoint.chunk` = \"2 MiB\" is out of range: it must be 1024 to 1048576 bytes",
        ),
        ("[network]\nbase_port = 70000", "`network.base_port` = 70000 is out of range: it must be 0 to 65535"),
        (
            "[training]\noptimizer = \"adam\"",
            "`training.optimizer` = \"adam\" is none of `sgd`, `adamw`; did you mean `adamw`?",
        ),
        ("[training]\nmode = \"gossip\"", "`training.mode` = \"gossip\" is none of `ddp`, `local-sgd`, `fedavg`"),
        (
            "[job]\npayload = \"4 apples\"",
            "`job.payload` = \"4 apples\" cannot be: a size is a number of bytes, or one with a unit, like 4 MiB",
        ),
        ("[job]\npayload = 10", "`job.payload` = 10 cannot be: a vector of f32 has a multiple of 4 bytes"),
        (
            "[network]\nbind = \"localhost\"",
            "`network.bind` = \"localhost\" cannot be: an address is IPv4 or IPv6, like 127.0.0.1 or ::1; names are not looked up",
        ),
        (
            "[private]\npaths.SAT = \"x\"",
            "`private.paths` = \"SAT\" cannot be: a node's name has 1 to 63 lower-case letters, digits and inner hyphens, like `sat-0`",
        ),
    ] {
        let message = refused(more);
        let message = message.split_once(": ").expect("a place and a flaw").1;
        assert_eq!(message, expected);
    }
}

#[test]
fn zero_nodes_and_too_many_are_refused() {
    let text = |nodes| LEAST.replace('4', nodes);
    for nodes in ["0", "4097", "99999999999999999999999999999999999999999999"] {
        let message = parse(&text(nodes)).unwrap_err().to_string();
        assert!(message.starts_with("s.toml:3:9: `mesh.nodes` = "), "{message}");
        assert!(message.ends_with(" is out of range: it must be 1 to 4096 nodes"), "{message}");
    }
}

#[test]
fn a_name_that_cannot_be_a_directory_is_refused() {
    for name in ["", ".", "..", "a/b", "-a", ".a", "a.", "é", "a b", &"x".repeat(65)] {
        let message = refused_with(LEAST, "name", name);
        assert!(message.contains("it names a directory: 1 to 64 letters, digits, `-`, `_` and `.`"), "{message}");
    }
}

#[test]
fn what_must_be_there_and_is_not_is_named() {
    let nothing = parse("").unwrap_err().to_string();
    assert_eq!(
        nothing,
        "s.toml: `name` is missing: What run directories are named after.\n\
         s.toml: `mesh.nodes` is missing: How many nodes train. They are named `sat-0` and on. A scenario has this, or `[constellation]`."
    );
    assert!(refused("[[faults]]\nkill = \"sat-1\"").contains("`faults[0].at.round` is missing"));
    assert!(
        refused("[[faults]]\nkill = \"sat-1\"\nat.round = 3").contains("s.toml:6:1: `faults[0].at.phase` is missing")
    );
    assert!(refused("[[links.outage]]\na = \"sat-1\"").starts_with("s.toml:4:1: `links.outage[0].b` is missing"));
}

#[test]
fn a_broken_relation_is_refused_with_both_values_and_what_would_be_right() {
    for (more, expected) in [
        (
            "[training]\nmode = \"ddp\"\ninner_steps = 8",
            "s.toml:6:15: `training.inner_steps` = 8 is more than 1 with `training.mode` = ddp: gradients are exchanged after each step; set inner_steps = 1, or mode = \"local-sgd\"",
        ),
        (
            "[training]\nrounds = 2\nwarmup_steps = 17",
            "s.toml:6:16: `training.warmup_steps` = 17 is more than `training.rounds × training.inner_steps` = 16: a warm-up is over before the job is",
        ),
        (
            "[training]\nmomentum = 0\nnesterov = true",
            "s.toml:6:12: `training.nesterov` = true needs more than `training.momentum` = 0: Nesterov's step looks ahead along the momentum; raise it, or set nesterov = false",
        ),
        (
            "[aggregator]\nmin_nodes = 5",
            "s.toml:5:13: `aggregator.min_nodes` = 5 is more than `mesh.nodes` = 4: it can be 1 to 4",
        ),
        (
            "[collective]\nserver = \"sat-1\"\nstrategy = \"ring\"",
            "s.toml:5:10: `collective.server` = sat-1 cannot be used with `collective.strategy` = ring: a server is for \
             `parameter-server`, or for what `auto` chooses from; leave it out",
        ),
        (
            "[collective]\nstrategy = \"gossip\"",
            "s.toml:5:12: `collective.strategy` = gossip cannot be used with `training.mode` = local-sgd: it leaves each node with \
             a mean of its own, and a job commits one that all have; take another, and `bench allreduce --strategies gossip` to \
             compare it",
        ),
        (
            "[collective]\nserver = \"station\"",
            "s.toml:5:10: `collective.server` = station is no node of `mesh.nodes` = 4: there are sat-0 to sat-3",
        ),
        (
            "[aggregator]\nhost = \"sat-7\"",
            "s.toml:5:8: `aggregator.host` = sat-7 is no node of `mesh.nodes` = 4: there are sat-0 to sat-3",
        ),
        (
            "[network]\nbase_port = 65531",
            "s.toml:5:13: `network.base_port` = 65531 is too high for `mesh.nodes` = 4: the last node's port would be beyond 65535; use at most 65530, or 0 for free ports",
        ),
        (
            "[private]\npaths.sat-0 = \"x\"",
            "s.toml:5:15: `private.paths.sat-0` = x cannot be used with `training.mode` = local-sgd: private data is for mode = \"fedavg\"",
        ),
        (
            "[private]\npaths.sat-0 = \"x\"\n[training]\nmode = \"fedavg\"",
            "s.toml:5:15: `private.paths.sat-0` = x is set, and not `private.paths.sat-1` = nothing: give every node its data, or none",
        ),
        (
            "[[links.outage]]\na = \"sat-1\"\nb = \"sat-9\"\nstart_secs = 0\nend_secs = 1",
            "s.toml:6:5: `links.outage[0].b` = sat-9 is no node of `mesh.nodes` = 4: there are sat-0 to sat-3",
        ),
        (
            "topology = \"ring\"\n[[links.outage]]\na = \"sat-1\"\nb = \"sat-3\"\nstart_secs = 0\nend_secs = 1",
            "s.toml:7:5: `links.outage[0].b` = sat-3 has no link to `links.outage[0].a` = sat-1: the ring mesh of 4 nodes has no such link",
        ),
        (
            "[[links.outage]]\na = \"sat-1\"\nb = \"sat-3\"\nstart_secs = 5\nend_secs = 5",
            "s.toml:8:12: `links.outage[0].end_secs` = 5 is not after `links.outage[0].start_secs` = 5: an outage ends after it starts",
        ),
        (
            "[[faults]]\nkill = \"sat-4\"\nat.mission_secs = 1",
            "s.toml:5:8: `faults[0].kill` = sat-4 is no node of `mesh.nodes` = 4: there are sat-0 to sat-3",
        ),
        (
            "[[faults]]\nkill = \"sat-3\"\nat = { round = 41, phase = \"reduce\" }",
            "s.toml:6:16: `faults[0].at.round` = 41 is more than `training.rounds` = 40: the job would be over; strike earlier, or leave the fault out",
        ),
        (
            "[[faults]]\nkill = \"sat-3\"\nat = { round = 15, phase = \"checkpoint\" }",
            "s.toml:6:16: `faults[0].at.round` = 15 is not a multiple of `checkpoint.every_rounds` = 10: that round has no checkpoint to strike in; take a multiple, or the last round",
        ),
        (
            "[[faults]]\nkill = \"sat-3\"\nat = { round = 3, mission_secs = 4 }",
            "s.toml:6:34: `faults[0].at.mission_secs` = 4 cannot stand beside `faults[0].at.round` = 3: keep one of the two",
        ),
    ] {
        assert_eq!(refused(more), expected);
    }
}

#[test]
fn an_override_that_is_wrong_is_named_as_the_option_that_it_is() {
    for (key, value, expected) in [
        (
            "training.rounds",
            "five",
            "--set training.rounds=five: `training.rounds` must be an integer, and is the string \"five\"",
        ),
        (
            "training.round",
            "5",
            "--set training.round=5: `training.round` is not a key of a scenario; did you mean `training.rounds`?",
        ),
        (
            "training.rounds.x",
            "5",
            "--set training.rounds.x=5: `training.rounds.x` is not a key of a scenario; nothing can stand there",
        ),
        (
            "faults[7].kill",
            "sat-1",
            "--set faults[7].kill=sat-1: `faults[7].kill` has no place: the list has no such element; elements count from 0",
        ),
        ("training.rounds", "1", "--set training.rounds=1: `training.warmup_steps` = 100 is more than"),
        ("faults", "[1, ", "--set faults=[1, : this is not TOML: "),
        ("", "5", "--set =5: `` is not a key of a scenario; there can be "),
        ("name", "\"open", "--set name=\"open: this is not TOML: "),
        ("training.rounds", "5\nseed = 3", "--set training.rounds=5\nseed = 3: `training.rounds` must be an integer"),
    ] {
        let message = refused_with(FULL, key, value);
        assert!(message.starts_with(expected), "{message}\n{expected}");
    }
}

#[test]
fn a_text_that_is_not_toml_is_refused_with_its_line() {
    assert!(refused("rounds = = 3").starts_with("s.toml:4:10: this is not TOML: "), "{}", refused("rounds = = 3"));
    assert!(refused("nodes = 4").starts_with("s.toml:4:1: this is not TOML: "), "{}", refused("nodes = 4"));
}

#[test]
fn all_problems_are_reported_at_once_up_to_a_bound() {
    let message = refused("[training]\nround = 5\nbatch_size = 0\n[job]\ntask = 4");
    assert_eq!(message.lines().count(), 3, "{message}");
    let many: String = (0..50).map(|i| format!("x{i} = 1\n")).collect();
    let message = refused(&many);
    assert_eq!(message.lines().count(), 21);
    assert!(message.ends_with("s.toml: 30 more like these"), "{message}");
}
