//! Convolutions by cuDNN: for every shape the quickest of its algorithms, measured once; in the steady state nothing is
//! allocated.

mod plan;

use std::ffi::c_void;
use std::sync::Arc;

use candle_core::Result;
use candle_core::cuda_backend::WrapErr;
use cudarc::cudnn::result;
use cudarc::cudnn::sys::cudnnHandle_t;
use cudarc::driver::{CudaSlice, CudaStream};

use super::card::Card;
use super::choice::{ByShape, Shape};
use super::descriptors::OrFail;
use super::kernels::{self, Address};
use super::ops::address;
use plan::Plan;

/// What an algorithm may use beside input and output. `memory.rs` counts it.
pub const WORKSPACE_BYTES: usize = 256 << 20;

/// Room for a map that is needed within one operator only.
#[derive(Clone, Copy)]
pub enum Room {
    /// What a convolution has added up.
    Sums = 0,
    /// The gradient before a pooling.
    Unpooled = 1,
}

/// cuDNN, what it found out, and the rooms that convolutions share.
pub struct Convolutions {
    stream: Arc<CudaStream>,
    handle: cudnnHandle_t,
    plans: ByShape<Plan>,
    rooms: [Option<CudaSlice<f32>>; 2],
    workspace: Option<CudaSlice<u8>>,
}

// SAFETY: cuDNN's handle may go from thread to thread as long as one uses it at a time; a mutex sees to that.
unsafe impl Send for Convolutions {}

/// What the sums are multiplied with, and what of the old output stays: one and none.
const ONE: f32 = 1.0;
const NONE: f32 = 0.0;

fn pointer(value: &'static f32) -> *const c_void {
    std::ptr::from_ref(value).cast()
}

impl Convolutions {
    /// Starts cuDNN for everything that goes into `stream`.
    pub fn new(stream: Arc<CudaStream>) -> Result<Self> {
        stream.context().bind_to_thread().w()?;
        let handle = result::create_handle().or_fail()?;
        let convolutions = Self { stream, handle, plans: ByShape::default(), rooms: [None, None], workspace: None };
        // SAFETY: both were just made, and the stream lives as long as the handle.
        unsafe { result::set_stream(handle, convolutions.stream.cu_stream().cast()).or_fail()? };
        Ok(convolutions)
    }

    /// Lets go of what is kept for later.
    pub fn forget_rooms(&mut self) {
        (self.rooms, self.workspace) = ([None, None], None);
    }

    /// Room for `count` values, which hold until it is asked for again.
    pub fn room(&mut self, which: Room, count: usize) -> Result<Address> {
        let room = &mut self.rooms[which as usize];
        match room {
            Some(room) if room.len() >= count => Ok(address(room)),
            room => {
                // The old one first: both might not fit.
                *room = None;
                // SAFETY: whoever asks for a room writes it before reading.
                let new = unsafe { self.stream.alloc::<f32>(count).w()? };
                Ok(address(room.insert(new)))
            }
        }
    }

    /// Room for an algorithm, and its bytes: none where the card is full, and then one is chosen that needs none.
    fn workspace(&mut self) -> (Address, usize) {
        if self.workspace.is_none() {
            // SAFETY: only cuDNN uses it, and writes before it reads.
            self.workspace = unsafe { self.stream.alloc::<u8>(WORKSPACE_BYTES) }.ok();
        }
        self.workspace.as_ref().map_or((0, 0), |workspace| (address(workspace), workspace.len()))
    }

    /// `output = conv(input)`.
    ///
    /// # Safety
    /// The addresses must hold maps and kernels of this shape on this card.
    pub unsafe fn run(
        &mut self,
        card: &Card,
        shape: Shape,
        input: Address,
        kernel: Address,
        output: Address,
    ) -> Result<()> {
        // SAFETY: promised by the caller.
        unsafe { self.prepare(card, shape, input, kernel, output)?.run(input, kernel, output) }
    }

    /// `output = max(conv(input) + bias, 0)`.
    ///
    /// # Safety
    /// As [`Convolutions::run`].
    pub unsafe fn run_relu(
        &mut self,
        card: &Card,
        shape: Shape,
        input: Address,
        kernel: Address,
        bias: Address,
        output: Address,
    ) -> Result<()> {
        // SAFETY: promised by the caller.
        unsafe {
            let mut ready = self.prepare(card, shape, input, kernel, output)?;
            if ready.run_relu(input, kernel, bias, output) {
                return Ok(());
            }
            ready.run(input, kernel, output)?;
            card.launch(kernels::bias_relu(output, bias, (shape.0, shape.1, shape.3)))
        }
    }

    /// The plan for a shape, made now by trying all algorithms if it was not; that overwrites the output.
    ///
    /// # Safety
    /// As [`Convolutions::run`].
    unsafe fn prepare(
        &mut self,
        card: &Card,
        shape: Shape,
        input: Address,
        kernel: Address,
        output: Address,
    ) -> Result<Ready<'_>> {
        self.stream.context().bind_to_thread().w()?;
        let (workspace, handle) = (self.workspace(), self.handle);
        let plan = self.plans.get_or_make(shape, || {
            let plan = Plan::new(card.precision(), shape)?;
            // SAFETY: promised by the caller.
            unsafe { plan.choose(card.precision(), handle, (input, kernel, output), workspace) }
        })?;
        if plan.workspace_bytes > workspace.1 {
            // The workspace was there when the algorithm was chosen, and has found no room since.
            candle_core::bail!("CUDA_ERROR_OUT_OF_MEMORY: no room for a workspace of {WORKSPACE_BYTES} bytes");
        }
        Ok(Ready { plan, handle, workspace: workspace.0 })
    }
}

impl Drop for Convolutions {
    fn drop(&mut self) {
        // SAFETY: the handle is not used after this. What cuDNN answers changes nothing any more.
        let _ = unsafe { result::destroy_handle(self.handle) };
    }
}

/// A plan with all that it needs to run.
struct Ready<'a> {
    plan: &'a mut Plan,
    handle: cudnnHandle_t,
    workspace: Address,
}

impl Ready<'_> {
    /// # Safety
    /// As [`Convolutions::run`].
    unsafe fn run(&self, input: Address, kernel: Address, output: Address) -> Result<()> {
        let all = &self.plan.descriptors;
        // SAFETY: the caller vouches for the memory, and the workspace is as large as the algorithm asked for.
        unsafe {
            result::convolution_forward(
                self.handle,
                pointer(&ONE),
                all.input,
                input as *const c_void,
                all.kernel,
                kernel as *const c_void,
                all.convolution,
                self.plan.algorithm,
                self.workspace as *mut c_void,
                self.plan.workspace_bytes,
                pointer(&NONE),
                all.output,
                output as *mut c_void,
            )
            .or_fail()
        }
    }

    /// With bias and ReLU in one go; false where cuDNN does not do that, and then it is not asked again.
    ///
    /// # Safety
    /// As [`Convolutions::run`].
    unsafe fn run_relu(&mut self, input: Address, kernel: Address, bias: Address, output: Address) -> bool {
        if !self.plan.fused {
            return false;
        }
        let all = &self.plan.descriptors;
        // SAFETY: the caller vouches for the memory. What is added to the sums is none of the output, which is only named
        // because something has to be.
        let done = unsafe {
            result::convolution_bias_activation_forward(
                self.handle,
                pointer(&ONE),
                all.input,
                input as *const c_void,
                all.kernel,
                kernel as *const c_void,
                all.convolution,
                self.plan.algorithm,
                self.workspace as *mut c_void,
                self.plan.workspace_bytes,
                pointer(&NONE),
                all.output,
                output as *const c_void,
                all.bias,
                bias as *const c_void,
                all.relu,
                all.output,
                output as *mut c_void,
            )
        };
        self.plan.fused = done.is_ok();
        self.plan.fused
    }
}
