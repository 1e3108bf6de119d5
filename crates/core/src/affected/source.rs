//! The octets of a list as they were supplied: read once, in order, counted and digested on the way.

use super::sheet::Sheet;
use crate::digest::{Digest, Hashing};
use std::io::{self, BufRead, Read};

/// Where the octets of a list come from.
pub trait Source: BufRead {
    /// Returns how many octets of the file as it was supplied were read so far.
    fn octets(&self) -> u64;

    /// Returns the workbook where the list is one. It has rows and no text: reading octets gives none.
    fn sheet(&mut self) -> Option<&mut dyn Sheet> {
        None
    }

    /// Reads what is left and returns the SHA-256 of the file as it was supplied.
    fn digest(self) -> io::Result<Digest>;
}

/// A list that is read as it was supplied.
#[derive(Debug)]
pub struct Supplied<R> {
    input: R,
    hashing: Hashing,
    octets: u64,
}

impl<R: BufRead> Supplied<R> {
    /// Reads from `input`, which is at its start.
    pub fn new(input: R) -> Self {
        Self { input, hashing: Hashing::default(), octets: 0 }
    }
}

impl<R: BufRead> Source for Supplied<R> {
    fn octets(&self) -> u64 {
        self.octets
    }

    fn digest(mut self) -> io::Result<Digest> {
        loop {
            let left = self.fill_buf()?.len();
            if left == 0 {
                return Ok(self.hashing.finish());
            }
            self.consume(left);
        }
    }
}

impl<R: BufRead> Read for Supplied<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let length = available.len().min(buffer.len());
        buffer[..length].copy_from_slice(&available[..length]);
        self.consume(length);
        Ok(length)
    }
}

impl<R: BufRead> BufRead for Supplied<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.input.fill_buf()
    }

    fn consume(&mut self, octets: usize) {
        // `fill_buf` does not read again while its buffer is not used up.
        if let Ok(buffer) = self.input.fill_buf() {
            self.hashing.add(&buffer[..octets]);
        }
        self.octets += octets as u64;
        self.input.consume(octets);
    }
}
