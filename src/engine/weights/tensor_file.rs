//! A file of named tensors. All formats come down to the same: each tensor is a range of bytes somewhere in the file.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use candle_core::{DType, Device, Tensor};
use safetensors::Dtype;
use safetensors::tensor::Metadata;

use super::{Problem, torch_file};

/// Longest header that is read. A VGG-19 needs 4 kB.
const MAX_HEADER_BYTES: u64 = 1 << 20;
/// A safetensors file begins with the length of its header.
const SAFETENSORS_PREFIX: u64 = 8;

/// What is known of one tensor before its values are read.
#[derive(Debug, Clone, PartialEq)]
pub struct Extent {
    /// Type of the values; `None` for one that weights are not stored in.
    pub dtype: Option<DType>,
    /// Length along each axis; values are stored densely, the last axis fastest.
    pub shape: Vec<usize>,
    /// Position of the first byte in the file.
    pub start: u64,
    /// End of what may belong to the tensor.
    pub end: u64,
}

/// A tensor of which type, shape and place were checked.
pub struct Entry<'a> {
    name: &'a str,
    dtype: DType,
    start: u64,
    bytes: usize,
}

impl Entry<'_> {
    /// Whether the values are bytes (indices into a palette).
    pub fn is_bytes(&self) -> bool {
        self.dtype == DType::U8
    }
}

/// A file of named tensors.
pub struct TensorFile {
    source: Source,
    length: u64,
    tensors: BTreeMap<String, Extent>,
}

enum Source {
    Memory(&'static [u8]),
    Disk(Mutex<File>),
}

impl TensorFile {
    /// Opens a file and finds its tensors, without reading their values.
    pub fn open(path: &Path) -> Result<Self, Problem> {
        // Asked first: opening a pipe would wait for its other end.
        let metadata = fs::metadata(path).map_err(|error| cannot_read(&error))?;
        if metadata.is_dir() {
            return Err("it is a folder; choose a file of VGG-19 weights in it".to_owned());
        }
        if !metadata.is_file() {
            return Err("it is not a regular file; choose a file of VGG-19 weights".to_owned());
        }
        let mut file = File::open(path).map_err(|error| cannot_read(&error))?;
        let length = metadata.len();
        if length == 0 {
            return Err("it is empty; choose a file of VGG-19 weights".to_owned());
        }
        let mut head = Vec::new();
        (&mut file).take(torch_file::MAGIC.len() as u64).read_to_end(&mut head).map_err(|error| cannot_read(&error))?;
        let tensors = if torch_file::is_zip(&head) {
            torch_file::read_zip(&file)?
        } else if torch_file::is_legacy(&head) {
            torch_file::read_legacy(&file)?
        } else if head.get(SAFETENSORS_PREFIX as usize) == Some(&b'{') {
            safetensors_extents(&mut file, length)?
        } else {
            return Err(
                "it is neither a safetensors file nor a PyTorch file (.pth, .pt); choose one with VGG-19 weights"
                    .to_owned(),
            );
        };
        Ok(Self { source: Source::Disk(Mutex::new(file)), length, tensors })
    }

    /// Finds the tensors of a safetensors file that is in memory.
    pub fn from_bytes(bytes: &'static [u8]) -> Result<Self, Problem> {
        let length = bytes.len() as u64;
        let tensors = safetensors_extents(&mut io::Cursor::new(bytes), length)?;
        Ok(Self { source: Source::Memory(bytes), length, tensors })
    }

    /// The names of all tensors, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.tensors.keys().map(String::as_str)
    }

    /// The shape of a tensor, if it is there.
    pub fn shape(&self, name: &str) -> Option<&[usize]> {
        self.tensors.get(name).map(|extent| extent.shape.as_slice())
    }

    /// The tensor `name`, which must have the shape `expected` and lie within the file.
    pub fn find(&self, name: &str, expected: &[usize]) -> Result<Entry<'_>, Problem> {
        let Some((name, extent)) = self.tensors.get_key_value(name) else {
            return Err(format!("tensor {name} is missing, expected one of shape {expected:?}"));
        };
        if extent.shape != expected {
            return Err(format!("tensor {name} has shape {:?}, expected {expected:?}", extent.shape));
        }
        let Some(dtype) = extent.dtype else {
            return Err(format!("tensor {name} holds values of an unknown type, expected f32, f16 or bf16"));
        };
        let bytes = expected.iter().product::<usize>() * dtype.size_in_bytes();
        let there = self.length.min(extent.end).saturating_sub(extent.start);
        if there < bytes as u64 {
            return Err(format!(
                "tensor {name} is cut short: {there} of {bytes} bytes are there; copy or download the file again"
            ));
        }
        Ok(Entry { name, dtype, start: extent.start, bytes })
    }

    /// The bytes of a tensor.
    pub fn read_bytes(&self, entry: &Entry<'_>) -> Result<Cow<'_, [u8]>, Problem> {
        let changed = || format!("tensor {} vanished while it was read", entry.name);
        match &self.source {
            Source::Memory(bytes) => {
                let start = usize::try_from(entry.start).map_err(|_| changed())?;
                bytes.get(start..start + entry.bytes).map(Cow::Borrowed).ok_or_else(changed)
            }
            Source::Disk(file) => {
                let mut buffer = vec![0; entry.bytes];
                // A panic elsewhere cannot leave a file in a bad state: each reader seeks for itself.
                let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
                file.seek(SeekFrom::Start(entry.start))
                    .and_then(|_| file.read_exact(&mut buffer))
                    .map_err(|error| format!("tensor {} cannot be read: {error}", entry.name))?;
                Ok(Cow::Owned(buffer))
            }
        }
    }

    /// The values of a tensor of floating-point numbers.
    pub fn read_f32(&self, entry: &Entry<'_>) -> Result<Vec<f32>, Problem> {
        if !entry.dtype.is_float() {
            return Err(format!("tensor {} holds {}, expected f32, f16 or bf16", entry.name, entry.dtype.as_str()));
        }
        let bytes = self.read_bytes(entry)?;
        let count = entry.bytes / entry.dtype.size_in_bytes();
        let values = Tensor::from_raw_buffer(&bytes, entry.dtype, &[count], &Device::Cpu)
            .and_then(|tensor| tensor.to_dtype(DType::F32)?.to_vec1::<f32>())
            .map_err(|error| format!("tensor {}: {error}", entry.name))?;
        if let Some(value) = values.iter().find(|value| !value.is_finite()) {
            return Err(format!("tensor {} holds {value}, expected finite numbers", entry.name));
        }
        Ok(values)
    }
}

/// Reads the header of a safetensors file, and not the values after it.
fn safetensors_extents(file: &mut (impl Read + Seek), length: u64) -> Result<BTreeMap<String, Extent>, Problem> {
    let damaged = |why: &dyn std::fmt::Display| format!("its safetensors header is damaged or cut short ({why})");
    let mut prefix = [0; SAFETENSORS_PREFIX as usize];
    file.rewind().and_then(|()| file.read_exact(&mut prefix)).map_err(|error| damaged(&error))?;
    let header_bytes = u64::from_le_bytes(prefix);
    let data_start = SAFETENSORS_PREFIX.saturating_add(header_bytes);
    if header_bytes > MAX_HEADER_BYTES || data_start > length {
        return Err(damaged(&format_args!("{header_bytes} bytes long in a file of {length} bytes")));
    }
    let mut header = Vec::new();
    file.take(header_bytes).read_to_end(&mut header).map_err(|error| damaged(&error))?;
    let metadata: Metadata = serde_json::from_slice(&header).map_err(|error| damaged(&error))?;
    let extents = metadata.tensors().into_iter().map(|(name, info)| {
        let (start, end) = info.data_offsets;
        let extent = Extent {
            dtype: known_dtype(info.dtype),
            shape: info.shape.clone(),
            start: data_start.saturating_add(start as u64),
            end: data_start.saturating_add(end as u64),
        };
        (name, extent)
    });
    Ok(extents.collect())
}

fn known_dtype(dtype: Dtype) -> Option<DType> {
    match dtype {
        Dtype::U8 => Some(DType::U8),
        Dtype::F16 => Some(DType::F16),
        Dtype::BF16 => Some(DType::BF16),
        Dtype::F32 => Some(DType::F32),
        Dtype::F64 => Some(DType::F64),
        _ => None,
    }
}

/// Why the operating system does not give us the file.
fn cannot_read(error: &io::Error) -> Problem {
    match error.kind() {
        ErrorKind::NotFound => "there is no such file; check the path".to_owned(),
        ErrorKind::PermissionDenied => "it may not be read; allow reading it".to_owned(),
        _ => format!("it cannot be read ({error})"),
    }
}
