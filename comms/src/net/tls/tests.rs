use std::os::unix::fs::PermissionsExt;

use super::*;

fn sat(slot: u32) -> NodeId {
    NodeId::satellite(slot)
}

fn directory_of(job: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a temporary directory");
    Authority::new(job).expect("makes an authority").write(dir.path(), &[sat(0), sat(1)]).expect("writes");
    dir
}

fn error_of(dir: &Path, node: &NodeId) -> String {
    Credentials::load(dir, node).expect_err("must be refused").to_string()
}

#[test]
fn keys_are_readable_by_their_owner_alone() {
    let dir = directory_of("job");
    for (file, mode) in [("ca.key", 0o600), ("sat-0.key", 0o600), ("ca.pem", 0o644), ("sat-0.pem", 0o644)] {
        let permissions = std::fs::metadata(dir.path().join(file)).expect("is there").permissions();
        assert_eq!(permissions.mode() & 0o777, mode, "{file}");
    }
}

#[test]
fn an_authority_that_was_stored_makes_further_certificates_of_the_same_job() {
    let dir = directory_of("job");
    Authority::load(dir.path(), "job").expect("reads back").write(dir.path(), &[sat(7)]).expect("writes");
    for slot in [0, 7] {
        Credentials::load(dir.path(), &sat(slot)).unwrap_or_else(|error| panic!("sat-{slot}: {error}"));
    }
}

#[test]
fn missing_credentials_are_named_with_the_command_that_makes_them() {
    let dir = directory_of("job");
    let error = error_of(dir.path(), &sat(2));
    assert!(error.contains("sat-2.pem is missing") && error.contains("certs init"), "{error}");
}

#[test]
fn a_file_that_is_no_pem_is_named() {
    let dir = directory_of("job");
    std::fs::write(dir.path().join("sat-0.key"), "not a key").expect("writes");
    std::fs::write(dir.path().join("sat-1.pem"), [0xff, 0xfe]).expect("writes");
    let error = error_of(dir.path(), &sat(0));
    assert!(error.contains("sat-0.key holds no private key in PEM"), "{error}");
    let error = error_of(dir.path(), &sat(1));
    assert!(error.contains("sat-1.pem holds no text in PEM"), "{error}");
}

#[test]
fn a_certificate_of_another_job_is_refused_where_it_is_loaded() {
    let (ours, theirs) = (directory_of("job"), directory_of("job"));
    for file in ["sat-0.pem", "sat-0.key"] {
        std::fs::copy(theirs.path().join(file), ours.path().join(file)).expect("copies");
    }
    let error = error_of(ours.path(), &sat(0));
    assert!(error.contains("sat-0.pem is not a certificate of this job"), "{error}");
}

#[test]
fn a_certificate_of_another_node_is_refused_with_both_names() {
    let dir = directory_of("job");
    std::fs::copy(dir.path().join("sat-1.pem"), dir.path().join("sat-0.pem")).expect("copies");
    let error = error_of(dir.path(), &sat(0));
    assert!(error.contains("not the certificate of sat-0") && error.contains("it names sat-1"), "{error}");
}

#[test]
fn a_key_never_shows_in_a_log() {
    let credentials = Authority::new("job").expect("makes").issue(&sat(0)).expect("issues");
    assert_eq!(format!("{credentials:?}"), "Credentials");
}
