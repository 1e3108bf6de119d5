//! A list that may be compressed, or a workbook: what is within, and the digest of the file as it was supplied.
//!
//! What a file is, its first octets say and never its name. A file may hold several compressed pieces behind each
//! other, as `cat a.gz b.gz` makes them: all are read. One that is cut short is an error, and never a shorter list.

use super::workbook::{COMPOUND, Workbook, ZIP};
use flate2::bufread::MultiGzDecoder;
use forthwith_core::{
    affected::{Sheet, Source, Supplied},
    digest::Digest,
};
use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read},
};

/// Octets read at a time.
const PIECE_OCTETS: usize = 1 << 18;
/// How a gzip file begins (RFC 1952 section 2.3.1).
const GZIP: &[u8] = &[0x1f, 0x8b];
/// How a Zstandard frame begins (RFC 8878 section 3.1.1).
const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];

type InFile = Supplied<BufReader<File>>;

/// The octets of a list.
pub enum Unpacked {
    /// As they stand in the file.
    Plain(InFile),
    /// From a gzip file (RFC 1952).
    Gzip(Box<BufReader<MultiGzDecoder<InFile>>>),
    /// From a Zstandard file (RFC 8878).
    Zstd(Box<BufReader<zstd::Decoder<'static, InFile>>>),
    /// From a workbook.
    Workbook(Box<Workbook>),
}

impl Unpacked {
    /// Reads from `file`, which is at its start.
    pub fn new(file: File) -> io::Result<Self> {
        let again = file.try_clone()?;
        let mut file = Supplied::new(BufReader::with_capacity(PIECE_OCTETS, file));
        let start = file.fill_buf()?;
        if start.starts_with(ZIP) {
            return Ok(Self::Workbook(Box::new(Workbook::new(again)?)));
        }
        if start.starts_with(COMPOUND) {
            let message = "it is a workbook of the old kind (.xls), or locked with a password: \
                           save it as .xlsx, without a password";
            return Err(io::Error::other(message));
        }
        let (is_gzip, is_zstd) = (start.starts_with(GZIP), start.starts_with(ZSTD));
        Ok(if is_gzip {
            Self::Gzip(Box::new(BufReader::with_capacity(PIECE_OCTETS, MultiGzDecoder::new(file))))
        } else if is_zstd {
            Self::Zstd(Box::new(BufReader::with_capacity(PIECE_OCTETS, zstd::Decoder::with_buffer(file)?)))
        } else {
            Self::Plain(file)
        })
    }
}

impl Source for Unpacked {
    fn octets(&self) -> u64 {
        match self {
            Self::Plain(file) => file.octets(),
            Self::Gzip(reader) => reader.get_ref().get_ref().octets(),
            Self::Zstd(reader) => reader.get_ref().get_ref().octets(),
            Self::Workbook(book) => book.octets(),
        }
    }

    fn sheet(&mut self) -> Option<&mut dyn Sheet> {
        match self {
            Self::Workbook(book) => book.sheet(),
            Self::Plain(_) | Self::Gzip(_) | Self::Zstd(_) => None,
        }
    }

    fn digest(mut self) -> io::Result<Digest> {
        // To the end, so that a file cut short behind the last row is found as well.
        io::copy(&mut self, &mut io::sink())?;
        match self {
            Self::Plain(file) => file.digest(),
            Self::Gzip(reader) => reader.into_inner().into_inner().digest(),
            Self::Zstd(reader) => reader.into_inner().finish().digest(),
            Self::Workbook(book) => book.digest(),
        }
    }
}

impl Read for Unpacked {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(file) => file.read(buffer),
            Self::Gzip(reader) => reader.read(buffer),
            Self::Zstd(reader) => reader.read(buffer),
            Self::Workbook(book) => book.read(buffer),
        }
    }
}

impl BufRead for Unpacked {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        match self {
            Self::Plain(file) => file.fill_buf(),
            Self::Gzip(reader) => reader.fill_buf(),
            Self::Zstd(reader) => reader.fill_buf(),
            Self::Workbook(book) => book.fill_buf(),
        }
    }

    fn consume(&mut self, octets: usize) {
        match self {
            Self::Plain(file) => file.consume(octets),
            Self::Gzip(reader) => reader.consume(octets),
            Self::Zstd(reader) => reader.consume(octets),
            Self::Workbook(book) => book.consume(octets),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Seek as _, Write as _};

    const LIST: &str = "id,email\n1,a@b.example\n2,c@d.example\n";

    fn gzip(text: &str) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    }

    fn zstd(text: &str) -> Vec<u8> {
        zstd::encode_all(text.as_bytes(), 3).unwrap()
    }

    fn unpacked(octets: &[u8]) -> Unpacked {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(octets).unwrap();
        file.rewind().unwrap();
        Unpacked::new(file).unwrap()
    }

    #[test]
    fn each_kind_gives_the_same_octets_and_the_digest_of_the_file() {
        let (one, two) = LIST.split_at(9);
        for octets in [
            LIST.as_bytes().to_vec(),
            gzip(LIST),
            zstd(LIST),
            [gzip(one), gzip(two)].concat(),
            [zstd(one), zstd(two)].concat(),
        ] {
            let mut text = String::new();
            let mut source = unpacked(&octets);
            source.read_to_string(&mut text).unwrap();
            assert_eq!(text, LIST);
            assert_eq!(source.octets(), octets.len() as u64);
            assert_eq!(source.digest().unwrap(), Digest::of(&octets));
            assert_eq!(unpacked(&octets).digest().unwrap(), Digest::of(&octets), "and where nothing was read");
        }
    }

    #[test]
    fn what_is_cut_short_is_an_error_at_every_octet() {
        for octets in [gzip(LIST), zstd(LIST)] {
            for length in 5..octets.len() {
                let mut text = String::new();
                assert!(unpacked(&octets[..length]).read_to_string(&mut text).is_err(), "{length}");
                assert!(unpacked(&octets[..length]).digest().is_err(), "{length}");
            }
        }
    }

    #[test]
    fn what_is_appended_to_a_compressed_list_is_an_error() {
        for octets in [gzip(LIST), zstd(LIST)] {
            let mut text = String::new();
            assert!(unpacked(&[&octets, &b"3,e@f.example\n"[..]].concat()).read_to_string(&mut text).is_err());
        }
    }
}
