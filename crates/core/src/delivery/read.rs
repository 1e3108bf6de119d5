pub fn read() {}
pub fn parse_rate() {}
pub fn parse_relay() {}
