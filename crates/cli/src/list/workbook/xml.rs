//! XML as workbooks have it: names without prefixes, attributes by name, text with its references resolved.
//!
//! A reference to anything but a character is an error: no entity is ever expanded.

use super::parts::Part;
use quick_xml::{
    XmlVersion,
    events::{BytesStart, Event},
};
use std::io;

/// Elements within each other: a sheet has fewer than ten.
const DEPTH_MAX: usize = 64;

/// A part as a stream of what happens in it.
pub struct Xml {
    reader: quick_xml::Reader<Part>,
    buffer: Vec<u8>,
    depth: usize,
}

/// What happens next.
pub enum Met {
    /// An element begins. One that is empty ends at once.
    Start(Element),
    /// The element of this name ends.
    End(String),
    /// Text.
    Text(String),
    /// The end of the part.
    Done,
}

/// An element that began: its name, and its attributes, without prefixes.
pub struct Element {
    /// Its name.
    pub name: String,
    attributes: Vec<(String, String)>,
}

impl Element {
    /// Returns an attribute.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    /// Returns every attribute of a name: it may stand there with several prefixes.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.attributes.iter().filter(move |(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    /// Returns an attribute that is a number.
    pub fn number(&self, name: &str) -> io::Result<Option<u64>> {
        let wrong = |value: &str| damaged(&format!("`{value}` is no number"));
        self.get(name).map(|value| value.parse().map_err(|_| wrong(value))).transpose()
    }

    /// Returns whether an attribute says yes, as XML schema has it.
    pub fn is(&self, name: &str) -> bool {
        matches!(self.get(name), Some("1" | "true" | "on"))
    }
}

impl Xml {
    /// Reads a part.
    pub fn new(part: Part) -> Self {
        let mut reader = quick_xml::Reader::from_reader(part);
        reader.config_mut().expand_empty_elements = true;
        Self { reader, buffer: Vec::new(), depth: 0 }
    }

    /// Returns how many octets of the file were read.
    pub fn octets(&self) -> u64 {
        self.reader.get_ref().octets()
    }

    /// Returns what happens next.
    pub fn next(&mut self) -> io::Result<Met> {
        loop {
            self.buffer.clear();
            let event = self.reader.read_event_into(&mut self.buffer).map_err(broken)?;
            return Ok(match event {
                Event::Start(start) | Event::Empty(start) => {
                    self.depth += 1;
                    if self.depth > DEPTH_MAX {
                        return Err(damaged("elements stand too deep within each other"));
                    }
                    Met::Start(element(&start)?)
                }
                Event::End(end) => {
                    self.depth = self.depth.saturating_sub(1);
                    Met::End(end.local_name().as_ref().to_owned())
                }
                Event::Text(text) => Met::Text(text.xml10_content().into_owned()),
                Event::CData(text) => Met::Text(text.xml10_content().into_owned()),
                Event::GeneralRef(reference) => Met::Text(resolved(&reference)?),
                Event::DocType(_) => return Err(damaged("it has a document type, which no workbook has")),
                Event::Eof if self.depth > 0 => return Err(damaged("a part ends too early")),
                Event::Eof => Met::Done,
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) => continue,
            });
        }
    }
}

fn element(start: &BytesStart<'_>) -> io::Result<Element> {
    let mut attributes = Vec::new();
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|error| broken(error.into()))?;
        let value = attribute.normalized_value(XmlVersion::Explicit1_0).map_err(broken)?.into_owned();
        attributes.push((attribute.key.local_name().as_ref().to_owned(), value));
    }
    Ok(Element { name: start.local_name().as_ref().to_owned(), attributes })
}

fn resolved(reference: &quick_xml::events::BytesRef<'_>) -> io::Result<String> {
    if let Some(c) = reference.resolve_char_ref().map_err(broken)? {
        return Ok(c.to_string());
    }
    let name = reference.xml10_content();
    let c = match name.as_ref() {
        "amp" => "&",
        "lt" => "<",
        "gt" => ">",
        "apos" => "'",
        "quot" => "\"",
        _ => return Err(damaged("it has a reference to something else than a character")),
    };
    Ok(c.to_owned())
}

fn broken(error: quick_xml::Error) -> io::Error {
    match error {
        quick_xml::Error::Io(error) => io::Error::new(error.kind(), error.to_string()),
        // What the library says quotes the file.
        _ => damaged("a part is no XML"),
    }
}

/// Returns the error of a workbook that is not as it must be.
pub fn damaged(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("the workbook is damaged: {what}"))
}
