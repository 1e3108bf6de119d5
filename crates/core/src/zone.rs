//! Time zones by their names, from the database that is built in. The machine's own is never read.

use crate::document::nearest;
use jiff::tz::{TimeZone, TimeZoneDatabase};

/// Returns the zone of an IANA name (`Europe/Berlin`), or why there is none.
pub fn named(name: &str) -> Result<TimeZone, String> {
    let zones = TimeZoneDatabase::bundled();
    if let Ok(zone) = zones.get(name) {
        return Ok(zone);
    }
    let known: Vec<_> = zones.available().map(|name| name.as_str().to_owned()).collect();
    let near = nearest(name, known.iter().map(String::as_str));
    let meant = near.map_or_else(String::new, |near| format!(": is {near} meant?"));
    Err(format!("`{name}` is not a time zone that is known{meant}"))
}
