//! The object store, for code that may block.

use std::fmt;
use std::fs;
use std::io;
use std::path::Path as FilePath;

use bytes::Bytes;
use futures_util::TryStreamExt;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{MultipartUpload, ObjectStore, ObjectStoreExt, PutPayload};
use starloom_comms::id::Digest;
use thiserror::Error;
use tokio::runtime::Runtime;

/// Why an object cannot be had or stored.
#[derive(Debug, Error)]
pub(crate) enum ObjectError {
    /// The store refuses.
    #[error("{0}")]
    Store(#[from] object_store::Error),
    /// The folder of the store, or this process's event queue, is not to be had.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// Something that was to be stored is not what it should be.
    #[error("{0}")]
    Content(String),
}

/// An object store under a folder. What is put survives a crash once the call returns, and appears whole or not at all.
pub(crate) struct Store {
    objects: LocalFileSystem,
    /// Object stores are asynchronous; whoever calls here is not. `None` while it is dropped.
    runtime: Option<Runtime>,
}

impl Store {
    /// The store under `folder`, which is made if it does not exist.
    pub(crate) fn open(folder: &FilePath) -> Result<Self, ObjectError> {
        fs::create_dir_all(folder)?;
        let objects = LocalFileSystem::new_with_prefix(folder)?.with_fsync(true);
        Ok(Self { objects, runtime: Some(tokio::runtime::Builder::new_current_thread().build()?) })
    }

    /// The folders directly under the store's.
    pub(crate) fn folders(&self) -> Result<Vec<String>, ObjectError> {
        let listing = self.wait(self.objects.list_with_delimiter(None))?;
        let name = |path: &Path| path.filename().map(str::to_owned);
        Ok(listing.common_prefixes.iter().filter_map(name).collect())
    }

    /// An object's bytes; `None` if there is no such object.
    pub(crate) fn get(&self, path: &str) -> Result<Option<Bytes>, ObjectError> {
        let path = Path::parse(path).map_err(object_store::Error::from)?;
        let read = async { self.objects.get(&path).await?.bytes().await };
        match self.wait(read) {
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            outcome => Ok(Some(outcome?)),
        }
    }

    pub(crate) fn put(&self, path: &str, bytes: Vec<u8>) -> Result<(), ObjectError> {
        let path = Path::parse(path).map_err(object_store::Error::from)?;
        self.wait(self.objects.put(&path, PutPayload::from(bytes)))?;
        Ok(())
    }

    /// Removes an object, if it is there.
    pub(crate) fn remove(&self, path: &str) -> Result<(), ObjectError> {
        let path = Path::parse(path).map_err(object_store::Error::from)?;
        match self.wait(self.objects.delete(&path)) {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Puts the concatenation of `parts` as one object if its hash is `expected`; otherwise nothing is put.
    pub(crate) fn put_parts(
        &self,
        path: &str,
        parts: impl Iterator<Item = Result<Bytes, String>>,
        expected: Digest,
    ) -> Result<(), ObjectError> {
        let path = Path::parse(path).map_err(object_store::Error::from)?;
        let mut hasher = blake3::Hasher::new();
        self.wait(async {
            let mut upload = self.objects.put_multipart(&path).await?;
            for part in parts {
                let put = match part {
                    Ok(part) => {
                        hasher.update(&part);
                        upload.put_part(part.into()).await.map_err(ObjectError::from)
                    }
                    Err(reason) => Err(ObjectError::Content(reason)),
                };
                if let Err(error) = put {
                    upload.abort().await?;
                    return Err(error);
                }
            }
            let got = Digest(*hasher.finalize().as_bytes());
            if got != expected {
                upload.abort().await?;
                let reason = format!("its chunks add up to {got:?}, the manifest says {expected:?}");
                return Err(ObjectError::Content(reason));
            }
            upload.complete().await?;
            Ok(())
        })
    }

    /// The hash and the size of an object; `None` if there is no such object.
    pub(crate) fn digest(&self, path: &str) -> Result<Option<(Digest, u64)>, ObjectError> {
        let path = Path::parse(path).map_err(object_store::Error::from)?;
        let read = async {
            let mut chunks = self.objects.get(&path).await?.into_stream();
            let (mut hasher, mut bytes) = (blake3::Hasher::new(), 0);
            while let Some(chunk) = chunks.try_next().await? {
                hasher.update(&chunk);
                bytes += chunk.len() as u64;
            }
            Ok((Digest(*hasher.finalize().as_bytes()), bytes))
        };
        match self.wait(read) {
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            outcome => Ok(Some(outcome?)),
        }
    }

    #[expect(clippy::expect_used, reason = "it is taken by drop alone")]
    fn wait<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.as_ref().expect("not dropped").block_on(work)
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        // A runtime that is dropped where it may not block would panic.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Store").field(&self.objects).finish()
    }
}
