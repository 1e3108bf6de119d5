//! The parts of a workbook: streams of octets, each within a limit and whole, by the sum that the ZIP has of it.

use flate2::{Crc, bufread::DeflateDecoder};
use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read, Seek as _, SeekFrom, Take},
};
use zip::{CompressionMethod, ZipArchive};

/// Parts of a workbook: one with hundreds of sheets and pictures has fewer.
const PARTS_MAX: usize = 10_000;
/// Octets of a part when unpacked: the longest sheet of ten columns has half of that.
const PART_OCTETS_MAX: u64 = 4 << 30;
/// Octets between two tags: one cell holds 32,767 characters. More would be held in memory before it is looked at.
const GAP_OCTETS_MAX: usize = 1 << 20;
/// Octets read at a time.
const PIECE_OCTETS: usize = 1 << 16;

/// The parts of a workbook.
pub struct Parts {
    file: File,
    zip: ZipArchive<File>,
}

impl Parts {
    /// Reads the directory of a ZIP file.
    pub fn new(file: File) -> io::Result<Self> {
        let zip = ZipArchive::new(file.try_clone()?).map_err(io::Error::other)?;
        if zip.len() > PARTS_MAX {
            return Err(io::Error::other(format!("it has {} parts; at most {PARTS_MAX}", zip.len())));
        }
        Ok(Self { file, zip })
    }

    /// Returns whether there is a part of this name.
    pub fn has(&self, name: &str) -> bool {
        self.zip.index_for_name(name).is_some()
    }

    /// Opens a part. Only one is open at a time: all of them read from one place in the file.
    pub fn open(&mut self, name: &str) -> io::Result<Part> {
        let Some(index) = self.zip.index_for_name(name) else {
            return Err(io::Error::other(format!("the workbook has no part {name}")));
        };
        let (start, packed, size, sum, method) = {
            let part = self.zip.by_index_raw(index).map_err(io::Error::other)?;
            if part.encrypted() {
                return Err(io::Error::other("the workbook is locked with a password: save it without"));
            }
            let start =
                part.data_start().ok_or_else(|| io::Error::other(format!("{name} is not where it must be")))?;
            (start, part.compressed_size(), part.size(), part.crc32(), part.compression())
        };
        let limit = size.min(PART_OCTETS_MAX);
        if size > PART_OCTETS_MAX {
            return Err(io::Error::other(format!("{name} has {size} octets; at most {PART_OCTETS_MAX}")));
        }
        self.file.seek(SeekFrom::Start(start))?;
        let packed = BufReader::with_capacity(PIECE_OCTETS, self.file.try_clone()?.take(packed));
        let octets = match method {
            CompressionMethod::DEFLATE => Octets::Deflated(DeflateDecoder::new(packed)),
            CompressionMethod::STORE => Octets::Stored(packed, 0),
            other => return Err(io::Error::other(format!("{name} is packed in a way not known here: {other}"))),
        };
        let whole = Whole { octets, left: limit, sum, crc: Crc::new() };
        Ok(Part { input: BufReader::with_capacity(PIECE_OCTETS, whole), gap: 0 })
    }
}

type Packed = BufReader<Take<File>>;

enum Octets {
    Deflated(DeflateDecoder<Packed>),
    Stored(Packed, u64),
}

/// The octets of a part: as many as the ZIP says, and with the sum that it says.
struct Whole {
    octets: Octets,
    left: u64,
    sum: u32,
    crc: Crc,
}

impl Read for Whole {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = match &mut self.octets {
            Octets::Deflated(reader) => reader.read(buffer)?,
            Octets::Stored(reader, passed) => {
                let read = reader.read(buffer)?;
                *passed += read as u64;
                read
            }
        };
        let is_longer = read as u64 > self.left;
        if is_longer || (read == 0 && !buffer.is_empty() && (self.left > 0 || self.crc.sum() != self.sum)) {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the workbook is damaged: a part is not whole"));
        }
        self.left -= read as u64;
        self.crc.update(&buffer[..read]);
        Ok(read)
    }
}

/// A part that is being read, as text between tags.
pub struct Part {
    input: BufReader<Whole>,
    /// Octets since the last tag began.
    gap: usize,
}

impl Part {
    /// Returns how many octets of the file were read for it.
    pub fn octets(&self) -> u64 {
        match &self.input.get_ref().octets {
            Octets::Deflated(reader) => reader.total_in(),
            Octets::Stored(_, passed) => *passed,
        }
    }
}

impl Read for Part {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let length = available.len().min(buffer.len());
        buffer[..length].copy_from_slice(&available[..length]);
        self.consume(length);
        Ok(length)
    }
}

impl BufRead for Part {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.gap > GAP_OCTETS_MAX {
            return Err(io::Error::other(format!("a cell has more than {GAP_OCTETS_MAX} octets")));
        }
        self.input.fill_buf()
    }

    fn consume(&mut self, octets: usize) {
        let passed = self.input.buffer().get(..octets).unwrap_or_default();
        self.gap = match passed.iter().rposition(|octet| *octet == b'<') {
            Some(at) => passed.len() - at,
            None => self.gap + passed.len(),
        };
        self.input.consume(octets);
    }
}
