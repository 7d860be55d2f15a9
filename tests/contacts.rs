//! `starloom contacts` as people use it: summaries, files, charts, and what it says to bad input.

#![allow(clippy::expect_used, reason = "a test ends where it cannot go on")]

mod harness;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use harness::{run, starloom};
use tempfile::TempDir;

const ORACLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/comms/tests/oracle");

/// A folder with the constellation of the reference.
fn reference() -> (TempDir, PathBuf) {
    let home = TempDir::new().expect("a temporary directory");
    for file in ["delta12.tle", "stations.csv"] {
        fs::copy(Path::new(ORACLE).join(file), home.path().join(file)).expect("a file of the reference");
    }
    let scenario = home.path().join("delta12.toml");
    let text = "name = \"delta12\"\n[constellation]\ntle = \"delta12.tle\"\nstart = 2026-01-01T00:00:00Z\n\
                [ground]\nstations = \"stations.csv\"\n";
    fs::write(&scenario, text).expect("the scenario is written");
    (home, scenario)
}

fn contacts(scenario: &Path, args: &[&str]) -> Output {
    run(starloom().arg("contacts").arg(scenario).args(args))
}

fn succeeded(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).expect("text")
}

fn refused(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(!text.contains("panicked"), "{text}");
    text
}

/// Rows of a table, sorted: names first, then numbers.
fn rows(path: &Path, names: usize) -> Vec<(Vec<String>, Vec<f64>)> {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let row = |line: &str| {
        let fields: Vec<&str> = line.split(',').collect();
        let (keys, numbers) = fields.split_at(names);
        let numbers: Vec<f64> = numbers.iter().map(|number| number.parse().expect("a number")).collect();
        (keys.iter().map(|key| (*key).to_owned()).collect::<Vec<_>>(), numbers)
    };
    let mut rows: Vec<_> = text.lines().skip(1).map(row).collect();
    rows.sort_by(|x, y| x.0.cmp(&y.0).then(x.1[0].total_cmp(&y.1[0])));
    rows
}

fn header(path: &Path) -> String {
    fs::read_to_string(path).expect("a table").lines().next().expect("a header").to_owned()
}

#[test]
fn its_tables_are_those_of_the_reference() {
    let (home, scenario) = reference();
    let out = home.path().join("out");
    succeeded(&contacts(&scenario, &["--format", "csv", "--out", out.to_str().expect("a path")]));
    for (ours, theirs, names) in
        [("isl", "delta12_isl", 2), ("passes", "delta12_gs", 2), ("eclipses", "delta12_eclipse", 1)]
    {
        let [ours, theirs] = [out.join(ours), Path::new(ORACLE).join(theirs)].map(|path| path.with_extension("csv"));
        assert_eq!(header(&ours), header(&theirs));
        // Windows of up to a second may be missed by either.
        let long = |path: &Path| {
            let rows = rows(path, names).into_iter();
            rows.filter(|(_, numbers)| numbers[1] - numbers[0] > 1.0).collect::<Vec<_>>()
        };
        let (ours, theirs) = (long(&ours), long(&theirs));
        assert_eq!(ours.len(), theirs.len());
        for (mine, yours) in ours.iter().zip(&theirs) {
            assert_eq!(mine.0, yours.0);
            let apart = |index: usize| (mine.1[index] - yours.1[index]).abs();
            assert!(apart(0) <= 0.5 && apart(1) <= 0.5, "{mine:?} {yours:?}");
            assert!(mine.1.len() == yours.1.len() && (mine.1.len() < 3 || apart(2) <= 0.1), "{mine:?} {yours:?}");
        }
    }
}

#[test]
fn its_summary_says_what_the_constellation_is_like() {
    let (_home, scenario) = reference();
    let text = succeeded(&contacts(&scenario, &[]));
    for words in [
        "12, with 6 stations",
        "24 h from 2026-01-01T00:00:00Z",
        "24 of 66 ever see each other",
        "no link lasts for the whole span",
        "726 that open or close: median 4.9 min",
        "connected    0.0 % of the time",
        "hangzhou",
    ] {
        assert!(text.contains(words), "`{words}` is not in\n{text}");
    }
    let effective = succeeded(&contacts(&scenario, &["--effective"]));
    assert!(effective.contains("delta12, effective") && !effective.contains("726 that open"), "{effective}");
}

#[test]
fn a_plan_goes_from_one_format_to_another() {
    let (home, scenario) = reference();
    let plan = home.path().join("plan.jsonl");
    let text = succeeded(&contacts(&scenario, &["--format", "jsonl", "--hours", "3"]));
    fs::write(&plan, &text).expect("the plan is written");
    assert_eq!(succeeded(&contacts(&plan, &["--format", "jsonl"])), text);
    let ion = succeeded(&contacts(&plan, &["--format", "ion"]));
    assert_eq!(ion, succeeded(&contacts(&scenario, &["--format", "ion", "--hours", "3"])));
    let again = home.path().join("plan.ionrc");
    fs::write(&again, &ion).expect("the plan is written");
    assert_eq!(succeeded(&contacts(&again, &["--format", "ion"])), ion);
    let kinds = |kind| succeeded(&contacts(&scenario, &["--format", "csv", "--hours", "3", "--kind", kind]));
    assert!(kinds("isl").lines().count() > 5 && kinds("pass").starts_with("sat,station,"));
    let graph = succeeded(&contacts(&plan, &["--format", "tvg"]));
    assert!(serde_json::from_str::<serde_json::Value>(&graph).is_ok(), "{graph}");
}

#[test]
fn a_chart_has_a_bar_for_each_window() {
    let (home, scenario) = reference();
    let chart = home.path().join("chart.svg");
    let plot = ["--plot", chart.to_str().expect("a path")];
    succeeded(&contacts(&scenario, &plot));
    let svg = fs::read_to_string(&chart).expect("a chart");
    assert!(svg.contains("90101 – 90107") && svg.contains("links between satellites"));
    // A bar each, and the background.
    assert_eq!(svg.matches("<rect").count(), 726 + 1);
    succeeded(&contacts(&scenario, &[&plot[..], &["--kind", "eclipse"]].concat()));
    assert!(fs::read_to_string(&chart).expect("a chart").contains("shadow"));
}

#[test]
fn what_it_cannot_show_it_says() {
    let (home, scenario) = reference();
    let file = |name: &str, text: &str| {
        let path = home.path().join(name);
        fs::write(&path, text).expect("written");
        path
    };
    let mesh = file("mesh.toml", "name = \"m\"\nmesh.nodes = 3\n");
    assert!(refused(&contacts(&mesh, &[])).contains("a summary needs orbits"));
    assert!(succeeded(&contacts(&mesh, &["--format", "jsonl"])).contains("sat-2"));
    let empty = file("empty.jsonl", "{\"format\":\"starloom-contacts\",\"version\":1}\n");
    assert!(refused(&contacts(&empty, &["--format", "ion"])).contains("empty.jsonl: a plan without a contact"));
    let backwards = file("backwards.ionrc", "a range +0 +9 1 2 1\na contact +9 +3 1 2 100\n");
    let message = refused(&contacts(&backwards, &["--format", "jsonl"]));
    assert!(message.contains("backwards.ionrc: line 2"), "{message}");
    let tle = fs::read_to_string(home.path().join("delta12.tle")).expect("elements");
    file("delta12.tle", &tle.replacen("0  9993", "0  9999", 1));
    let message = refused(&contacts(&scenario, &[]));
    assert!(message.contains("delta12.toml:3:7") && message.contains("line 2, column 69: the checksum"), "{message}");
    assert!(refused(&contacts(&home.path().join("none.toml"), &[])).contains("none.toml"));
}

#[test]
fn a_route_waits_for_its_contacts_and_goes_around_who_is_lost() {
    let home = TempDir::new().expect("a temporary directory");
    let plan = home.path().join("plan.ionrc");
    let commands = "# node 1 a\n# node 2 b\n# node 3 c\na range +0 +90 1 2 1\na range +0 +90 2 3 1\na range +0 +90 1 3 1\n\
                    a contact +0 +60 1 2 1000\na contact +30 +90 2 3 1000\na contact +70 +90 1 3 1000\n";
    fs::write(&plan, commands).expect("the plan is written");
    let route = |args: &[&str]| run(starloom().arg("route").arg(&plan).args(["a", "c", "--bytes", "5000"]).args(args));
    let text = succeeded(&route(&[]));
    for words in [
        "1. arrives at 36.000 s, after 36.000000 s, in 2 hops",
        "a → b  0.000000 to 6.000000 s",
        "2. arrives at 76.000 s",
    ] {
        assert!(text.contains(words), "`{words}` is not in\n{text}");
    }
    let direct = succeeded(&route(&["--without", "b"]));
    assert!(direct.contains("1. arrives at 76.000 s") && !direct.contains("2."), "{direct}");
    let none = route(&["--at", "86"]);
    assert_eq!(none.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&none.stdout).contains("no way"));
    let unknown = run(starloom().arg("route").arg(&plan).args(["a", "z"]));
    assert!(refused(&unknown).contains("z has no contact in the plan; those that have go from a to c"));
    assert!(refused(&route(&["--at", "-1"])).contains("--at"));
}
