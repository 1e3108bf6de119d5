//! The settings of a shipped example, for people other than its own.

/// Returns `toml` without the table `[name]`: its header and all lines up to the next header.
pub fn without_table(toml: &str, name: &str) -> String {
    let header = format!("[{name}]");
    let mut is_in_table = false;
    let mut kept = String::new();
    for line in toml.split_inclusive('\n') {
        if line.starts_with('[') {
            is_in_table = line.trim_end() == header;
        }
        if !is_in_table {
            kept.push_str(line);
        }
    }
    kept
}

/// Returns an incident.toml that applies no law: what was decided of an example's people is nobody else's.
pub fn without_law(toml: &str) -> String {
    without_table(toml, "law")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_ends_where_the_next_begins() {
        let toml = "id = 1\n[law]\nx = [\n  2,\n]\n[approval]\nnone = \"a test\"\n";
        assert_eq!(without_law(toml), "id = 1\n[approval]\nnone = \"a test\"\n");
        assert_eq!(without_table(toml, "approval"), "id = 1\n[law]\nx = [\n  2,\n]\n");
        assert_eq!(without_table(toml, "other"), toml);
    }
}
