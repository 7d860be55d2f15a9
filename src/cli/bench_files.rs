//! What `starloom bench allreduce` leaves in files: rows, a report with its pictures, a trace.

use std::fmt::Display;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde_json::json;
use starloom_comms::scenario::Scenario;

use super::output::OutFile;
use crate::bench::report::{Report, Subject};
use crate::bench::round::Round;
use crate::bench::simulated::Comparison;
use crate::exit::{Exit, Failure, OrExit};
use crate::trace::Trace;

/// A file named after a scenario: at the path that was asked for, or in it if it is a directory.
pub(super) fn file(out: &Path, scenario: &Scenario, extension: &str) -> Result<OutFile, Failure> {
    let name = format!("{}-allreduce.{extension}", scenario.name);
    if out.is_dir() { OutFile::create(&out.join(name)) } else { OutFile::create(out) }
}

/// Writes a report, its figures beside it, and gives the sentence that says where they are.
pub(super) fn report(file: OutFile, subject: &Subject<'_>) -> Result<String, Failure> {
    let report = Report::of(subject).or_exit(Exit::Failed)?;
    let path = file.path().to_owned();
    let mut beside = Vec::new();
    for figure in &report.figures {
        let mut name = path.file_stem().unwrap_or_default().to_owned();
        name.push(format!("-{}.svg", figure.name));
        OutFile::create(&path.with_file_name(&name))?.fill(|out| out.write_all(figure.svg.as_bytes()))?;
        beside.push(PathBuf::from(name).display().to_string());
    }
    file.fill(|out| out.write_all(report.html.as_bytes()))?;
    Ok(format!("the report is in {}, its figures beside it: {}\n", path.display(), beside.join(", ")))
}

/// Writes the round that is looked at closely as a trace.
pub(super) fn trace(
    file: OutFile,
    scenario: &Scenario,
    comparison: &Comparison,
    round: Option<&(u64, Round)>,
) -> Result<(), Failure> {
    let Some((payload, round)) = round else {
        let message =
            format!("{}: no round completes from any start, so there is none to trace", file.path().display());
        return Err(Failure::message(Exit::Failed, message));
    };
    let about = [
        ("scenario", json!(scenario.name)),
        ("seed", json!(scenario.seed)),
        ("strategy", json!(round.strategy)),
        ("wire", json!(comparison.model.wire.as_str())),
        ("payload_bytes", json!(payload)),
        ("start_secs", json!(round.start.as_secs_f64())),
    ];
    file.fill(|out| {
        let mut trace = Trace::begin(out, &about)?;
        round.trace(&mut trace)?;
        trace.end().map(|_| ())
    })
}

/// How often a comparison is made, and on which changes to its scenario.
pub(super) struct Repeats<'a> {
    pub(super) starts: u16,
    pub(super) jobs: u16,
    pub(super) set: &'a [String],
}

/// The command line that makes a comparison again, with what was left to defaults written out.
pub(super) fn command(scenario: &Path, comparison: &Comparison, repeats: &Repeats<'_>) -> String {
    let list = |items: &mut dyn Iterator<Item = String>| items.collect::<Vec<_>>().join(",");
    let strategies = list(&mut comparison.strategies.iter().map(|each| each.as_str().to_owned()));
    let sizes = list(&mut comparison.payloads.iter().map(u64::to_string));
    let mut words = vec!["starloom".to_owned(), "bench".to_owned(), "allreduce".to_owned(), quoted(scenario.display())];
    let mut option = |name: &str, value: String| words.extend([name.to_owned(), value]);
    option("--strategies", strategies);
    option("--wire", comparison.model.wire.as_str().to_owned());
    option("--sizes", sizes);
    option("--starts", repeats.starts.to_string());
    if repeats.jobs > 1 {
        option("--jobs", repeats.jobs.to_string());
    }
    for pair in repeats.set {
        option("--set", quoted(pair));
    }
    option("--format", "html".to_owned());
    words.join(" ")
}

/// A word as a shell takes it.
fn quoted(word: impl Display) -> String {
    let word = word.to_string();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./=:,@%+".contains(&byte);
    if !word.is_empty() && word.bytes().all(plain) { word } else { format!("'{}'", word.replace('\'', r"'\''")) }
}

/// Writes to standard output.
pub(super) fn to_stdout(text: &[u8]) -> Result<(), Failure> {
    match io::stdout().lock().write_all(text) {
        // A reader that has enough (`| head`) closes the pipe; that is no error.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::message(Exit::Environment, format!("standard output: {error}")))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn a_word_that_a_shell_would_take_apart_is_quoted() {
        assert_eq!(quoted("configs/delta12.toml"), "configs/delta12.toml");
        assert_eq!(quoted("constellation.only=[\"sat-0\"]"), "'constellation.only=[\"sat-0\"]'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(quoted(""), "''");
    }
}
