//! The two formats of PyTorch files: a table of tensors, which is a pickle, and their values as raw bytes.
//!
//! Since version 1.6 PyTorch writes a zip archive of uncompressed members. Before that it wrote five pickles (magic
//! number, version, facts about the machine, table of tensors, list of storages), then each storage as a 64-bit count
//! and its values; torchvision's own `vgg19-dcbb9e9d.pth` is such a file. See `torch/serialization.py`.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};

use zip::{CompressionMethod, ZipArchive};

use super::Problem;
use super::pickle::{TensorView, unpickle};
use super::tensor_file::Extent;

/// Longest table of tensors that is read. A VGG-19 needs 5 kB.
const MAX_PICKLES_BYTES: u64 = 1 << 20;

/// How the older format begins: the magic number 0x1950a86a20f9469cfc6c, pickled.
pub const MAGIC: &[u8] = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.";

/// Whether a file that begins with `head` is a zip archive.
pub fn is_zip(head: &[u8]) -> bool {
    head.starts_with(b"PK\x03\x04")
}

/// Whether a file that begins with `head` is PyTorch's older format.
pub fn is_legacy(head: &[u8]) -> bool {
    head.starts_with(MAGIC)
}

/// Where the values of one storage are.
#[derive(Clone, Copy)]
struct Place {
    start: u64,
    end: u64,
}

/// Finds the tensors of a zip archive.
pub fn read_zip(file: &File) -> Result<BTreeMap<String, Extent>, Problem> {
    let damaged = |error: &dyn std::fmt::Display| {
        format!("its zip archive is damaged or cut short ({error}); copy or download the file again")
    };
    let mut archive = ZipArchive::new(BufReader::new(file)).map_err(|error| damaged(&error))?;
    let table = archive.file_names().flatten().find(|name| name.ends_with("data.pkl")).map(|name| name.into_owned());
    let Some(table) = table else {
        return Err("it is a zip archive without PyTorch tensors (no data.pkl in it)".to_owned());
    };
    let folder = table.trim_end_matches("data.pkl");
    let mut member = |name: &str, limit: u64| -> Result<Vec<u8>, Problem> {
        let mut bytes = Vec::new();
        let member = archive.by_name(&format!("{folder}{name}")).map_err(|error| damaged(&error))?;
        member.take(limit).read_to_end(&mut bytes).map_err(|error| damaged(&error))?;
        Ok(bytes)
    };
    // Files of the first versions lack the note on byte order; all of them are little-endian.
    if member("byteorder", 8).is_ok_and(|order| order == b"big") {
        return Err(big_endian());
    }
    let pickled = unpickle(&member("data.pkl", MAX_PICKLES_BYTES)?)?;

    let mut places = HashMap::new();
    for storage in &pickled.storages {
        let name = format!("{folder}data/{}", storage.key);
        // A missing or compressed member is reported with the tensor that needs it.
        let Ok(member) = archive.by_name(&name) else { continue };
        if member.compression() != CompressionMethod::Stored {
            return Err(format!("its member {name} is compressed; PyTorch does not do that, save it again"));
        }
        if let Some(start) = member.data_start() {
            places.insert(storage.key.as_str(), Place { start, end: start.saturating_add(member.size()) });
        }
    }
    extents(pickled.tensors(), &places)
}

/// Finds the tensors of a file in the older format.
pub fn read_legacy(file: &File) -> Result<BTreeMap<String, Extent>, Problem> {
    let mut reader = BufReader::new(file);
    let unreadable = |error: std::io::Error| format!("it cannot be read ({error})");
    let mut head = Vec::new();
    reader.rewind().map_err(unreadable)?;
    reader.by_ref().take(MAX_PICKLES_BYTES).read_to_end(&mut head).map_err(unreadable)?;
    let mut position = MAGIC.len();
    let mut next = || {
        let pickled = unpickle(head.get(position..).unwrap_or_default())?;
        position += pickled.bytes;
        Ok::<_, Problem>(pickled)
    };
    let (_version, machine, table, keys) = (next()?, next()?, next()?, next()?);
    if machine.flag("little_endian") == Some(false) {
        return Err(big_endian());
    }
    let keys = keys.texts().ok_or("its list of storages is damaged; copy or download the file again")?;

    let mut places = HashMap::new();
    let mut start = position as u64;
    for key in keys {
        let Some(storage) = table.storages.iter().find(|storage| storage.key == key) else {
            return Err(format!(
                "its list of storages names {key}, which no tensor uses; copy or download the file again"
            ));
        };
        // The count stands before the values, too. Where it differs, the file was cut or changed in between.
        let mut count = [0; 8];
        let read = reader.seek(SeekFrom::Start(start)).and_then(|_| reader.read_exact(&mut count));
        if read.is_err() {
            // The tensors that are not there are reported by name.
            break;
        }
        if u64::from_le_bytes(count) != storage.count {
            return Err(format!("its values are damaged from byte {start} on; copy or download the file again"));
        }
        start = start.saturating_add(8);
        let end = start.saturating_add(storage.count.saturating_mul(storage.element_bytes));
        places.insert(key, Place { start, end });
        start = end;
    }
    extents(table.tensors(), &places)
}

/// Joins the table of tensors with the places of the storages.
fn extents(
    tensors: BTreeMap<String, &TensorView>,
    places: &HashMap<&str, Place>,
) -> Result<BTreeMap<String, Extent>, Problem> {
    let extent = |(name, tensor): (String, &TensorView)| {
        if !tensor.dense {
            return Err(format!("tensor {name} is not stored densely; save it with .contiguous()"));
        }
        let storage = &tensor.storage;
        // An empty place makes the tensor too short, which is told when somebody asks for it.
        let place = places.get(storage.key.as_str()).copied().unwrap_or(Place { start: 0, end: 0 });
        let start = place.start.saturating_add(tensor.offset.saturating_mul(storage.element_bytes));
        Ok((name, Extent { dtype: storage.dtype, shape: tensor.shape.clone(), start, end: place.end }))
    };
    tensors.into_iter().map(extent).collect()
}

fn big_endian() -> Problem {
    "it was written on a big-endian machine, expected little-endian values; save it again on a common one".to_owned()
}
