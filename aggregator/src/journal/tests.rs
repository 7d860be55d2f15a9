use std::fs;
use std::io;

use starloom_comms::id::{Attempt, Round};
use tempfile::TempDir;

use super::*;

fn owner() -> Owner {
    Owner { job: "star12".into(), scenario: Digest::of(b"scenario") }
}

fn record(round: u64) -> Record {
    Record::RolledBack { round: Round(round), attempt: Attempt(0), reason: "sat-2 was lost".into() }
}

/// A journal of three records; its lines are the owner and the records.
fn journal_of_three() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("journal.jsonl");
    let (mut journal, contents) = Journal::open(&path, &owner()).expect("begins");
    assert_eq!(contents, Contents { records: Vec::new(), cut: None });
    for round in 1..=3 {
        journal.append(record(round)).expect("room");
    }
    (folder, path)
}

fn rounds(contents: &Contents) -> Vec<u64> {
    let round = |record: &Record| match record {
        Record::RolledBack { round, .. } => round.0,
        other => panic!("{other:?} was not written"),
    };
    contents.records.iter().map(round).collect()
}

#[test]
fn what_was_appended_is_read_back_and_goes_on() {
    let (_folder, path) = journal_of_three();
    let (mut journal, contents) = Journal::open(&path, &owner()).expect("opens");
    assert_eq!((rounds(&contents), contents.cut), (vec![1, 2, 3], None));
    journal.append(record(4)).expect("room");
    let (_, contents) = Journal::open(&path, &owner()).expect("opens");
    assert_eq!(rounds(&contents), [1, 2, 3, 4]);
}

#[test]
fn a_torn_end_is_cut_off_wherever_it_was_torn() {
    let (_folder, path) = journal_of_three();
    let whole = fs::read(&path).expect("a file");
    let start = whole[..whole.len() - 1].iter().rposition(|&byte| byte == b'\n').expect("lines") + 1;
    for length in start + 1..whole.len() {
        fs::write(&path, &whole[..length]).expect("writes");
        let (mut journal, contents) = Journal::open(&path, &owner()).expect("opens");
        assert_eq!(rounds(&contents), [1, 2], "torn at byte {length}");
        let cut = contents.cut.expect("something was cut off");
        assert_eq!((cut.line, cut.bytes, cut.reason.as_str()), (4, length - start, "it is torn"));
        journal.append(record(9)).expect("room");
        let (_, contents) = Journal::open(&path, &owner()).expect("opens");
        assert_eq!((rounds(&contents), contents.cut), (vec![1, 2, 9], None));
    }
}

#[test]
fn a_rotten_end_is_cut_off_whichever_byte_rotted() {
    let (_folder, path) = journal_of_three();
    let whole = fs::read(&path).expect("a file");
    let start = whole[..whole.len() - 1].iter().rposition(|&byte| byte == b'\n').expect("lines") + 1;
    for at in start..whole.len() {
        let mut rotten = whole.clone();
        rotten[at] ^= 0x04;
        fs::write(&path, &rotten).expect("writes");
        let (_, contents) = Journal::open(&path, &owner()).expect("opens");
        assert_eq!(rounds(&contents), [1, 2], "byte {at}");
        assert!(contents.cut.is_some());
    }
}

#[test]
fn damage_before_valid_lines_is_an_error_that_names_both() {
    let (_folder, path) = journal_of_three();
    let whole = String::from_utf8(fs::read(&path).expect("a file")).expect("text");
    let lines: Vec<&str> = whole.lines().collect();
    for (damaged, parts) in [
        ([lines[0], "{}", lines[2], lines[3]].join("\n"), ["line 2", "line 3"]),
        ([lines[0], lines[2], lines[3]].join("\n"), ["line 2", "should have 1"]),
        ([lines[0], lines[1], lines[1], lines[2]].join("\n"), ["line 3", "should have 2"]),
    ] {
        fs::write(&path, damaged + "\n").expect("writes");
        let error = Journal::open(&path, &owner()).expect_err("damaged").to_string();
        assert!(parts.iter().all(|part| error.contains(part)), "{error}");
    }
}

#[test]
fn another_jobs_journal_is_refused_with_both_names() {
    let (_folder, path) = journal_of_three();
    let other = Owner { job: "moon".into(), ..owner() };
    let error = Journal::open(&path, &other).expect_err("another job").to_string();
    assert!(error.contains("star12") && error.contains("moon"), "{error}");
}

#[test]
fn a_resumed_job_may_have_another_scenario_and_keeps_it() {
    let (_folder, path) = journal_of_three();
    let changed = Owner { scenario: Digest::of(b"more rounds"), ..owner() };
    assert!(matches!(Journal::open(&path, &changed), Err(JournalError::Foreign { .. })));
    let (_, contents) = Journal::open_for_resume(&path, &changed).expect("the same job");
    assert_eq!(rounds(&contents), [1, 2, 3]);
    Journal::open(&path, &changed).expect("its scenario");
    assert!(matches!(Journal::open(&path, &owner()), Err(JournalError::Foreign { .. })));
}

#[test]
fn a_journal_that_is_a_folder_is_a_clear_error() {
    let folder = tempfile::tempdir().expect("a folder");
    let error = Journal::open(folder.path(), &owner()).expect_err("a folder").to_string();
    assert!(error.contains("cannot be read"), "{error}");
}

/// Takes so many lines and is full then.
#[derive(Debug)]
pub(crate) struct FullAfter(pub(crate) usize);

impl Disk for FullAfter {
    fn append(&mut self, _: &[u8]) -> io::Result<()> {
        match self.0.checked_sub(1) {
            Some(left) => {
                self.0 = left;
                Ok(())
            }
            None => Err(io::Error::from(io::ErrorKind::StorageFull)),
        }
    }
}

#[test]
fn a_full_disk_is_a_clear_error() {
    let mut journal = Journal::full_after(1);
    journal.append(record(1)).expect("room");
    let error = journal.append(record(2)).expect_err("full").to_string();
    assert!(error.contains("run/journal.jsonl") && error.contains("written"), "{error}");
}
