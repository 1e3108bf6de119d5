//! The events that start a regime's clock.
//!
//! Which of them an incident has had is the incident's to say; a deadline whose event is missing waits for it.

use super::word::vocabulary;

vocabulary! {
    /// Something that happens in an incident and from which a regime counts.
    ClockEvent, "clock event":
    Occurred = "occurred", "the breach happened";
    Detected = "detected", "a sign of the breach was noticed";
    Suspicion = "suspicion", "there was reason to suspect a breach";
    Discovered = "discovered", "the breach became known, or should have with due diligence";
    NotifiedByVendor = "notified_by_vendor", "somebody who holds the data for the organisation told it of the breach";
    ReasonToBelieve = "reason_to_believe", "there was reason to believe that personal data was concerned";
    Aware = "aware", "the organisation was reasonably certain that personal data is compromised";
    Determined = "determined", "the organisation determined that a breach occurred";
    Confirmed = "confirmed", "the breach was confirmed";
    ScopeIdentified = "scope_identified", "it was known which people and which data are concerned";
    PersonalDataKnownAffected = "personal_data_known_affected", "it was known that personal data is affected";
    IndividualsNotified = "individuals_notified", "the affected people were notified";
    RegulatorNotified = "regulator_notified", "the regulator was notified";
}
