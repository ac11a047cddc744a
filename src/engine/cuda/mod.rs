//! Painting on an NVIDIA card: what the engine's operators do there.
//!
//! ```text
//! operators of the engine (cuda_fwd) ── ops ─┬─ kernels (kernels.cu)      element by element, sums, pooling
//!                                            ├─ convolution ── cuDNN      every layer but the first
//!                                            ├─ product ────── cuBLAS     Gram matrices and their gradients
//!                                            └─ host                      what is not worth a kernel: over and back
//! ```
//!
//! Everything above is the same on both devices. A [`Card`](card::Card) is opened once and stays; all its work goes into one
//! stream, in the order in which it was asked for, whichever thread asks.
//!
//! `choice`, `gemm`, `kernels`, `layout` and `probe` need no card and no library of NVIDIA's, so they are tested everywhere.

pub mod choice;
pub mod gemm;
pub mod kernels;
pub mod layout;
pub mod probe;

#[cfg(feature = "cuda")]
mod card;
#[cfg(feature = "cuda")]
mod convolution;
#[cfg(feature = "cuda")]
mod descriptors;
#[cfg(feature = "cuda")]
mod dnn;
#[cfg(feature = "cuda")]
pub mod host;
#[cfg(feature = "cuda")]
mod libraries;
#[cfg(feature = "cuda")]
mod ops;
#[cfg(feature = "cuda")]
mod product;

#[cfg(feature = "cuda")]
pub use self::{
    card::{free_bytes, name, zeros},
    convolution::{Convolution, forward, input_gradient},
    dnn::WORKSPACE_BYTES,
    libraries::open,
    ops::*,
    product::{gram_matrix, pixelwise_product},
};
