//! A list that is a workbook: an Office Open XML (`.xlsx`) or Open Document (`.ods`) file, both of them XML in a ZIP.
//!
//! It is read as a stream, within named limits, by nothing but its own two readers: what they have to see that
//! other readers leave out are hidden rows and columns, merged cells, and what a cell shows. It takes no macro,
//! formula, link or external part into account.

mod ods;
mod parts;
mod xlsx;
mod xml;

use forthwith_core::{
    affected::{Sheet, SheetRow, Source},
    digest::{Digest, Hashing},
};
use parts::Parts;
use std::{
    fs::File,
    io::{self, BufRead, Read, Seek as _},
};

/// How a ZIP file begins that holds something (APPNOTE.TXT section 4.3.7).
pub const ZIP: &[u8] = b"PK\x03\x04";
/// How a file begins that is a workbook of the old kind, or one that is locked with a password ([MS-CFB] 2.2).
pub const COMPOUND: &[u8] = &[0xd0, 0xcf, 0x11, 0xe0];
/// Octets read at a time.
const PIECE_OCTETS: usize = 1 << 16;
/// Cells of a sheet, empty ones between others too: ten columns for everybody on the longest sheet.
const CELLS_MAX: u64 = 10 << 20;

/// A workbook.
pub struct Workbook {
    file: File,
    digest: Digest,
    kind: Kind,
    cells: u64,
}

enum Kind {
    Xlsx(Box<xlsx::Xlsx>),
    Ods(Box<ods::Ods>),
}

impl Workbook {
    /// Looks at the workbook in `file`, wherever that stands.
    ///
    /// # Errors
    ///
    /// It cannot be read, is locked, damaged or of another kind.
    pub fn new(mut file: File) -> io::Result<Self> {
        let digest = digest(&mut file)?;
        let parts = Parts::new(file.try_clone()?)?;
        let kind = if parts.has("[Content_Types].xml") {
            Kind::Xlsx(Box::new(xlsx::Xlsx::new(parts)?))
        } else if parts.has("content.xml") {
            Kind::Ods(Box::new(ods::Ods::new(parts)?))
        } else {
            return Err(io::Error::other("it is a ZIP file, and no workbook (.xlsx or .ods)"));
        };
        Ok(Self { file, digest, kind, cells: 0 })
    }

    fn sheet_of_kind(&self) -> &dyn Sheet {
        match &self.kind {
            Kind::Xlsx(sheet) => &**sheet,
            Kind::Ods(sheet) => &**sheet,
        }
    }

    fn sheet_of_kind_mut(&mut self) -> &mut dyn Sheet {
        match &mut self.kind {
            Kind::Xlsx(sheet) => &mut **sheet,
            Kind::Ods(sheet) => &mut **sheet,
        }
    }
}

/// Returns the SHA-256 of a file.
fn digest(file: &mut File) -> io::Result<Digest> {
    file.rewind()?;
    let mut hashing = Hashing::default();
    let mut piece = vec![0; PIECE_OCTETS];
    loop {
        match file.read(&mut piece)? {
            0 => return Ok(hashing.finish()),
            n => hashing.add(&piece[..n]),
        }
    }
}

impl Sheet for Workbook {
    fn names(&self) -> Vec<String> {
        self.sheet_of_kind().names()
    }

    fn open(&mut self, name: &str) -> io::Result<()> {
        self.sheet_of_kind_mut().open(name)
    }

    fn read(&mut self, row: &mut SheetRow) -> io::Result<bool> {
        let is_row = self.sheet_of_kind_mut().read(row)?;
        self.cells += row.cells.len() as u64;
        if self.cells > CELLS_MAX {
            let message = format!("row {}: the sheet has more than {CELLS_MAX} cells; save it as CSV", row.number);
            return Err(io::Error::other(message));
        }
        Ok(is_row)
    }

    fn hidden_columns(&self) -> &[std::ops::RangeInclusive<u32>] {
        self.sheet_of_kind().hidden_columns()
    }

    fn merged(&self) -> &[(u64, u32)] {
        self.sheet_of_kind().merged()
    }
}

impl Source for Workbook {
    fn octets(&self) -> u64 {
        match &self.kind {
            Kind::Xlsx(sheet) => sheet.octets(),
            Kind::Ods(sheet) => sheet.octets(),
        }
    }

    fn sheet(&mut self) -> Option<&mut dyn Sheet> {
        Some(self)
    }

    /// The parts of a workbook are read in another order than they stand in, so the file is read once more: one
    /// that changed in between is an error.
    fn digest(mut self) -> io::Result<Digest> {
        let now = digest(&mut self.file)?;
        if now != self.digest {
            return Err(io::Error::other("it changed while it was read"));
        }
        Ok(now)
    }
}

impl Read for Workbook {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Ok(0)
    }
}

impl BufRead for Workbook {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        Ok(&[])
    }

    fn consume(&mut self, _: usize) {}
}
