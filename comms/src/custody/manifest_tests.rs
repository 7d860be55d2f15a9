use proptest::prelude::*;

use super::*;

fn checkpoint() -> Checkpoint {
    Checkpoint { job: "star12".into(), round: Round(10), state: Digest::of(b"state") }
}

fn describe(file: &[u8], chunk_bytes: usize) -> Manifest {
    Manifest::describe(checkpoint(), "model.safetensors", file, chunk_bytes).expect("in bounds")
}

proptest! {
    #[test]
    fn the_chunks_add_up_to_the_file(
        file in prop::collection::vec(any::<u8>(), 0..4000), chunk_bytes in 1_usize..1000,
    ) {
        let manifest = describe(&file, chunk_bytes);
        let slice = |range: Range<u64>| &file[range.start as usize..range.end as usize];
        for (chunk, range) in manifest.ranges() {
            prop_assert_eq!(Digest::of(slice(range)), chunk.digest);
        }
        prop_assert_eq!(manifest.file().digest, Digest::of(&file));
        prop_assert_eq!(manifest.chunks().len(), file.len().div_ceil(chunk_bytes));
    }

    #[test]
    fn a_manifest_reads_back_from_its_json(
        file in prop::collection::vec(any::<u8>(), 0..4000), chunk_bytes in 100_usize..1000,
    ) {
        let manifest = describe(&file, chunk_bytes);
        prop_assert_eq!(Manifest::parse(&manifest.to_json()).expect("valid"), manifest);
    }

    #[test]
    fn what_is_held_is_not_missing(file in prop::collection::vec(0_u8..2, 0..300), held in 0_usize..9) {
        let manifest = describe(&file, 3);
        let all = manifest.missing(&BTreeSet::new());
        let held: BTreeSet<_> = all.iter().take(held).map(|chunk| chunk.digest).collect();
        let missing = manifest.missing(&held);
        prop_assert_eq!(missing.len() + held.len(), all.len());
        prop_assert!(missing.iter().all(|chunk| !held.contains(&chunk.digest)));
    }

    #[test]
    fn damaged_json_never_panics(at: prop::sample::Index, byte: u8) {
        let mut json = describe(&[3; 500], 100).to_json();
        let at = at.index(json.len());
        json[at] = byte;
        let _ = Manifest::parse(&json);
    }
}

#[test]
fn each_broken_bound_is_named_with_its_value() {
    let valid = String::from_utf8(describe(&[3; 250], 100).to_json()).expect("text");
    for (from, to, part) in [
        (r#""bytes":250"#, r#""bytes":251"#, "250 bytes together, the file has 251"),
        (r#""bytes":50"#, r#""bytes":0"#, "chunk 2 has 0 bytes"),
        (r#""bytes":50"#, r#""bytes":18446744073709551615"#, "chunk 2 has 18446744073709551615 bytes"),
        ("model.safetensors", "../model", "`../model` is not a file name"),
        ("model.safetensors", ".hidden", "`.hidden` is not a file name"),
        ("model.safetensors", "", "`` is not a file name"),
        ("star12", "", "1 to 255 bytes, not 0"),
        (r#""round":10"#, r#""round":-1"#, "not valid JSON"),
        (r#""round":10"#, r#""round":10,"more":1"#, "unknown field `more`"),
    ] {
        let json = valid.replacen(from, to, 1);
        assert_ne!(json, valid, "{from}");
        let error = Manifest::parse(json.as_bytes()).expect_err(to).to_string();
        assert!(error.contains(part), "{to}: {error}");
    }
    let error = Manifest::parse(&vec![b' '; MAX_MANIFEST_BYTES + 1]).expect_err("too long").to_string();
    assert!(error.contains("at most"), "{error}");
}

#[test]
fn chunks_of_no_bytes_and_of_too_many_are_refused() {
    for chunk_bytes in [0, MAX_CHUNK_BYTES + 1] {
        assert!(Manifest::describe(checkpoint(), "model.safetensors", &b"x"[..], chunk_bytes).is_err());
    }
}
