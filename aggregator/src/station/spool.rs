//! Chunks of checkpoints that are on their way, on disk so that a restarted station has them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use starloom_comms::custody::{Chunk, Manifest};
use starloom_comms::id::Digest;

/// `incoming/chunks/<digest>` and `incoming/manifests/<digest>.json`. A file has its name only when it is whole.
#[derive(Debug)]
pub(super) struct Spool {
    chunks: PathBuf,
    manifests: PathBuf,
    held: BTreeMap<Digest, u64>,
    open: BTreeMap<Digest, Manifest>,
}

impl Spool {
    /// Opens the spool in `folder` with what it held before.
    pub(super) fn open(folder: &Path) -> io::Result<Self> {
        let (chunks, manifests) = (folder.join("chunks"), folder.join("manifests"));
        let mut spool = Self { chunks, manifests, held: BTreeMap::new(), open: BTreeMap::new() };
        fs::create_dir_all(&spool.chunks)?;
        fs::create_dir_all(&spool.manifests)?;
        for entry in fs::read_dir(&spool.chunks)? {
            let entry = entry?;
            // Anything else was not whole when the station stopped.
            if let Some(digest) = entry.file_name().to_str().and_then(|name| name.parse().ok()) {
                spool.held.insert(digest, entry.metadata()?.len());
            }
        }
        for entry in fs::read_dir(&spool.manifests)? {
            if let Ok(manifest) = Manifest::parse(&fs::read(entry?.path())?) {
                spool.open.insert(manifest.digest(), manifest);
            }
        }
        Ok(spool)
    }

    /// Notes a checkpoint, so that its chunks stay, and gives those that are missing.
    pub(super) fn expect(&mut self, manifest: &Manifest) -> io::Result<Vec<Chunk>> {
        let digest = manifest.digest();
        if !self.open.contains_key(&digest) {
            write_whole(&self.manifests.join(format!("{digest}.json")), &manifest.to_json())?;
            self.open.insert(digest, manifest.clone());
        }
        Ok(self.missing(manifest))
    }

    pub(super) fn missing(&self, manifest: &Manifest) -> Vec<Chunk> {
        let sound = |chunk: &&Chunk| self.held.get(&chunk.digest) == Some(&chunk.bytes);
        let held: BTreeSet<Digest> = manifest.chunks().iter().filter(sound).map(|chunk| chunk.digest).collect();
        manifest.missing(&held)
    }

    pub(super) fn keep(&mut self, chunk: &Chunk, bytes: &[u8]) -> io::Result<()> {
        if self.held.get(&chunk.digest) != Some(&chunk.bytes) {
            write_whole(&self.chunks.join(chunk.digest.to_string()), bytes)?;
            self.held.insert(chunk.digest, chunk.bytes);
        }
        Ok(())
    }

    /// The bytes of a chunk. One that rotted on disk is thrown away, and missing from then on.
    pub(super) fn read(&mut self, chunk: &Chunk) -> Result<Vec<u8>, String> {
        let path = self.chunks.join(chunk.digest.to_string());
        let bytes = fs::read(&path).map_err(|error| error.to_string());
        let outcome = bytes.and_then(|bytes| match Digest::of(&bytes) {
            found if found == chunk.digest => Ok(bytes),
            found => Err(format!("its digest is {found:?}")),
        });
        outcome.map_err(|reason| {
            self.held.remove(&chunk.digest);
            fs::remove_file(&path).ok();
            format!("chunk {:?} was damaged on the station's disk: {reason}", chunk.digest)
        })
    }

    /// Forgets a checkpoint and the chunks that no other one needs.
    pub(super) fn finish(&mut self, manifest: &Manifest) {
        let digest = manifest.digest();
        self.open.remove(&digest);
        fs::remove_file(self.manifests.join(format!("{digest}.json"))).ok();
        let needed: BTreeSet<Digest> =
            self.open.values().flat_map(|open| open.chunks()).map(|chunk| chunk.digest).collect();
        for chunk in manifest.chunks().iter().filter(|chunk| !needed.contains(&chunk.digest)) {
            if self.held.remove(&chunk.digest).is_some() {
                fs::remove_file(self.chunks.join(chunk.digest.to_string())).ok();
            }
        }
    }
}

/// Writes a file that is whole or not there, also after a crash.
fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let partial = path.with_extension("partial");
    let write = || {
        let mut file = File::create(&partial)?;
        file.write_all(bytes)?;
        file.sync_data()?;
        fs::rename(&partial, path)
    };
    write().inspect_err(|_| {
        fs::remove_file(&partial).ok();
    })
}
