//! A card that is open: its stream, its kernels, cuBLAS and cuDNN.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use candle_core::cuda_backend::WrapErr;
use candle_core::{CudaDevice, CudaStorage, DType, Device, Error, Layout, Result, Shape, Tensor};
use cudarc::cublas::CudaBlas;
use cudarc::driver::result::{device, launch_kernel, mem_pool};
use cudarc::driver::sys::{CUmemPool_attribute, CUmemoryPool};
use cudarc::driver::{CudaFunction, CudaModule, CudaStream, DevicePtr};

use super::dnn::Convolutions;
use super::kernels::{Address, BLOCK, Launch};
use crate::engine::precision::{self, Precision};

/// Compiled from `kernels.cu` by `build.rs`; the driver finishes it for the card that is there.
const PTX: &str = include_str!(concat!(env!("OUT_DIR"), "/kernels.ptx"));

/// The version of CUDA that this was compiled with.
pub const CUDA: &str = env!("PENTIMENTO_CUDA");

/// A card that is open.
pub struct Card {
    number: usize,
    device: CudaDevice,
    stream: Arc<CudaStream>,
    module: Arc<CudaModule>,
    functions: Mutex<HashMap<&'static str, CudaFunction>>,
    blas: Arc<CudaBlas>,
    precision: Precision,
    /// Where freed memory waits, where the driver has such a place.
    pool: Option<Pool>,
    convolutions: Mutex<Convolutions>,
}

/// The driver's own, which lives as long as the process.
struct Pool(CUmemoryPool);

// SAFETY: a handle that the driver lets every thread use.
unsafe impl Send for Pool {}
// SAFETY: as above.
unsafe impl Sync for Pool {}

/// Cards are opened once and stay, as the tensors on them do not say when they go.
static CARDS: Mutex<Vec<Arc<Card>>> = Mutex::new(Vec::new());

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic while it was held has left caches at worst half filled.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Opens card `number`, which the driver has told of.
pub fn open(number: usize) -> Result<Device> {
    let mut cards = lock(&CARDS);
    if let Some(card) = cards.iter().find(|card| card.number == number) {
        return Ok(Device::Cuda(card.device.clone()));
    }
    let card = Card::new(number)?;
    let device = Device::Cuda(card.device.clone());
    cards.push(Arc::new(card));
    Ok(device)
}

/// The open card that a tensor lies on.
pub fn of(device: &CudaDevice) -> Result<Arc<Card>> {
    let cards = lock(&CARDS);
    let card = cards.iter().find(|card| card.device.id() == device.id());
    card.cloned().ok_or_else(|| Error::Msg("a tensor lies on a card that the engine has not opened".to_owned()))
}

impl Card {
    fn new(number: usize) -> Result<Self> {
        // A stream of its own: the usual one would be another for every thread.
        let device = CudaDevice::new_with_stream(number)?;
        // SAFETY: events keep several streams in order. Here there is one, and whatever is freed is freed in its order.
        unsafe { device.disable_event_tracking() };
        let stream = device.cuda_stream();
        let context = stream.context();
        let module = context.load_module(PTX.into()).w()?;
        let pool = context.has_async_alloc().then(|| keep_freed_memory(context.cu_device())).transpose()?;
        let convolutions = Mutex::new(Convolutions::new(Arc::clone(&stream))?);
        let (functions, blas, precision) = (Mutex::default(), device.cublas_handle(), precision::chosen());
        Ok(Self { number, stream, module, functions, blas, precision, pool, convolutions, device })
    }

    /// Everything is done in its order.
    pub fn stream(&self) -> &Arc<CudaStream> {
        &self.stream
    }

    /// For matrix products.
    pub fn blas(&self) -> &CudaBlas {
        &self.blas
    }

    /// How exact products are.
    pub fn precision(&self) -> Precision {
        self.precision
    }

    /// For convolutions, one at a time.
    pub fn convolutions(&self) -> MutexGuard<'_, Convolutions> {
        lock(&self.convolutions)
    }

    /// Puts a kernel into the stream.
    ///
    /// # Safety
    /// Every address must be on this card, with room for what the kernel reads and writes there, until the kernel has run:
    /// what is freed in the stream's order stays that long.
    pub unsafe fn launch(&self, mut launch: Launch) -> Result<()> {
        self.stream.context().bind_to_thread().w()?;
        let mut functions = lock(&self.functions);
        if !functions.contains_key(launch.kernel) {
            functions.insert(launch.kernel, self.module.load_function(launch.kernel).w()?);
        }
        let Some(function) = functions.get(launch.kernel) else { candle_core::bail!("no kernel {}", launch.kernel) };
        let blocks = launch.blocks;
        let mut arguments = launch.pointers();
        // SAFETY: the arguments are those that `kernels` describes, and the caller vouches for the addresses.
        unsafe {
            let (function, stream) = (function.cu_function(), self.stream.cu_stream());
            launch_kernel(function, (blocks, 1, 1), (BLOCK, 1, 1), 0, stream, &mut arguments).w()
        }
    }

    /// Bytes free on the card; with `alone`, after everything that is kept for later was let go.
    fn free_bytes(&self, alone: bool) -> Result<usize> {
        self.stream.context().bind_to_thread().w()?;
        if alone {
            self.convolutions().forget_rooms();
        }
        self.stream.synchronize().w()?;
        if let Some(Pool(pool)) = self.pool {
            // SAFETY: the driver's own pool of this card.
            unsafe { mem_pool::trim_to(pool, 0).w()? };
        }
        Ok(self.stream.context().mem_get_info().w()?.0)
    }
}

/// Memory that was freed stays with the program: else every read of a number would give it back to the system.
fn keep_freed_memory(card: cudarc::driver::sys::CUdevice) -> Result<Pool> {
    let mut threshold = u64::MAX;
    // SAFETY: the card is open, and the attribute is such a number.
    unsafe {
        let pool = device::get_default_mem_pool(card).w()?;
        let attribute = CUmemPool_attribute::CU_MEMPOOL_ATTR_RELEASE_THRESHOLD;
        mem_pool::set_attribute(pool, attribute, std::ptr::from_mut(&mut threshold).cast()).w()?;
        Ok(Pool(pool))
    }
}

/// Bytes free on the card of `device`. With `alone` nothing is being painted there: what is kept for later is let go.
pub fn free_bytes(device: &CudaDevice, alone: bool) -> Result<usize> {
    of(device)?.free_bytes(alone)
}

/// The card in words.
pub fn name(device: &CudaDevice) -> String {
    let card = of(device);
    let name = card.as_ref().ok().and_then(|card| card.stream.context().name().ok());
    let name = name.unwrap_or_else(|| "NVIDIA card".to_owned());
    card.map_or(name.clone(), |card| format!("{name}, CUDA, {}", card.precision.name()))
}

/// A tensor of zeros; where there is no room, an error with both numbers.
pub fn zeros(shape: Shape, device: &CudaDevice) -> Result<Tensor> {
    let bytes = shape.elem_count() * size_of::<f32>();
    Tensor::zeros(shape, DType::F32, &Device::Cuda(device.clone())).map_err(|error| {
        if !super::super::error::is_out_of_memory(&error.to_string()) {
            return error;
        }
        let free = of(device).and_then(|card| card.free_bytes(false)).unwrap_or(0);
        let gb = |bytes: usize| bytes as f64 / 1e9;
        Error::Msg(format!(
            "CUDA_ERROR_OUT_OF_MEMORY: {:.2} GB more are needed and {:.2} GB are free",
            gb(bytes),
            gb(free)
        ))
    })
}

/// Where the values of a contiguous `f32` tensor lie, and how many there are.
pub fn values(storage: &CudaStorage, layout: &Layout) -> Result<(Address, usize)> {
    let slice = storage.as_cuda_slice::<f32>()?;
    let Some((start, end)) = layout.contiguous_offsets() else {
        candle_core::bail!("expected a contiguous tensor, got {:?}", layout.shape());
    };
    let address = slice.device_ptr(slice.stream()).0;
    Ok((address + (start * size_of::<f32>()) as Address, end - start))
}
