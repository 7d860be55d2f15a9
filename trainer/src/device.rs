//! Where tensors live: chosen by a cargo feature, named explicitly, never by what happens to be on.

use burn::tensor::Device;

/// The device that nodes train on, with automatic differentiation: Flex on the CPU; with the cargo feature `wgpu` the
/// default graphics adapter, with `cuda` the first CUDA device.
///
/// Flex uses as many threads as `RAYON_NUM_THREADS` says when its first tensor is made. Several nodes on one machine are
/// fastest with one thread each; `starloom launch` sets that.
#[must_use]
pub fn device() -> Device {
    plain().autodiff()
}

#[cfg(feature = "cuda")]
fn plain() -> Device {
    Device::cuda(burn::tensor::DeviceIndex::Default)
}

#[cfg(all(feature = "wgpu", not(feature = "cuda")))]
fn plain() -> Device {
    Device::wgpu(burn::tensor::DeviceKind::DefaultDevice)
}

#[cfg(not(any(feature = "wgpu", feature = "cuda")))]
fn plain() -> Device {
    Device::flex()
}
