//! The packet.
