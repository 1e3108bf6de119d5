//! What a regime can ask a notice to say, and what it can forbid: two closed vocabularies.
//!
//! The words for each element are templating's. An element that no regime knows (a greeting) is not here.

use super::word::vocabulary;

vocabulary! {
    /// One thing that a notice says and that a regime can ask for.
    Element, "element":
    NoticeTitle = "notice_title", "the prescribed title";
    DateOfNotice = "date_of_notice", "the date of the notice itself";
    EntityName = "entity_name", "who gives the notice";
    EntityContact = "entity_contact", "how to reach who gives the notice";
    ParentCompanyName = "parent_company_name", "the parent or affiliated corporation of who was breached";
    WhatHappened = "what_happened", "the incident in general terms";
    Cause = "cause", "how or why it happened";
    LocationExtent = "location_extent", "where it happened and how far it reached";
    DateOfBreach = "date_of_breach", "when it happened, exactly, about, or from when to when";
    DateOfDiscovery = "date_of_discovery", "when it was found";
    TimeframeOfExposure = "timeframe_of_exposure", "from when to when the data was exposed";
    NumberAffected = "number_affected", "how many people are affected";
    ThirdPartyRecipientIdentity = "third_party_recipient_identity", "who got the data, as far as known";
    HolderKnownStatement = "holder_known_statement", "whether it is known who holds the data, without a name";
    CategoriesOfData = "categories_of_data", "the kinds of data concerned";
    SpecificElements = "specific_elements", "which data of this very person is concerned";
    KnowledgeStatement = "knowledge_statement", "that the sender knows that the person's data was acquired";
    LikelyConsequences = "likely_consequences", "what may follow for the person";
    SecondaryHarm = "secondary_harm", "further harm that has come or may come of it";
    MeasuresTaken = "measures_taken", "what was or will be done about the breach";
    MitigationMeasures = "mitigation_measures", "what is done to lessen the harm to the person";
    PreventionMeasures = "prevention_measures", "what is done so that it does not happen again";
    SecurityMeasuresInPlace = "security_measures_in_place", "how the data was protected, without secrets";
    RecommendedSteps = "recommended_steps", "what the person can do";
    AdviseVigilance = "advise_vigilance", "to watch account statements and credit reports";
    PasswordResetDirection = "password_reset_direction", "to change password and security answers, here and elsewhere";
    ReportIdtheftAdvice = "report_idtheft_advice", "to report suspected identity theft, and to whom";
    FraudAlertFreezeStatement = "fraud_alert_freeze_statement", "where to learn of fraud alerts and security freezes";
    SecurityFreezeHowto = "security_freeze_howto", "how to place a security freeze, and what it costs";
    RightToPoliceReport = "right_to_police_report", "the right to file or obtain a police report";
    FcraRights = "fcra_rights", "the rights under the Fair Credit Reporting Act";
    ContactPoint = "contact_point", "whom to ask";
    PhoneNumber = "phone_number", "a telephone number for questions";
    TollFreeNumber = "toll_free_number", "a telephone number for questions that costs the caller nothing";
    DpoContact = "dpo_contact", "the data protection officer";
    CreditBureauContacts = "credit_bureau_contacts", "the credit bureaus: telephone numbers, addresses, websites";
    FtcContact = "ftc_contact", "the Federal Trade Commission: telephone number, address, website";
    AgContact = "ag_contact", "the Attorney General of the recipient's own state";
    StateAgencyContacts = "state_agency_contacts", "the agencies that help against identity theft";
    DataHeldInquiry = "data_held_inquiry", "how to learn which data the sender holds";
    CreditMonitoringOffer = "credit_monitoring_offer", "a free service against identity theft, and for how long";
    EnrollmentInstructions = "enrollment_instructions", "how to take up the offered service";
    FreeCreditReport = "free_credit_report", "access to a credit report at no cost";
    PoliceDelayStatement = "police_delay_statement", "whether law enforcement delayed the notice";
    DelayReason = "delay_reason", "why the notice comes late";
    RegulatorNotifiedStatement = "regulator_notified_statement", "that the authority was told";
    RegulatorComplaintRight = "regulator_complaint_right", "the right to complain to the authority";
    IdtheftInfoStatement = "idtheft_info_statement", "that the named sources help to avoid identity theft";
    RemediationServices = "remediation_services", "the services offered, and how to reach those who give them";
    BiometricRevocationInstructions = "biometric_revocation_instructions", "how to have others stop trusting the biometric";
    OtherReferenceMatters = "other_reference_matters", "whatever else the person should know";
    RemedyProcedure = "remedy_procedure", "how to get help, report damage, and seek compensation";
    AntiPhishingWarning = "anti_phishing_warning", "to give no personal data in answer to messages about the breach";
    FutureContactStatement = "future_contact_statement", "how the sender will and will not get in touch";
    AuthenticityCheck = "authenticity_check", "how to see that the notice is genuine without its links";
}

vocabulary! {
    /// What a regime can forbid a notice to hold.
    Forbidden, "forbidden matter":
    NatureOfBreach = "nature_of_breach", "what kind of breach it was";
    NumberOfStateResidents = "number_of_state_residents", "how many residents of the state are affected";
    LinkRequestingPi = "link_requesting_pi", "a request for personal data, or a link to one";
    OtherIndividualsParticulars = "other_individuals_particulars", "particulars of other affected people";
    HolderIdentity = "holder_identity", "who holds the data";
    MarketingContent = "marketing_content", "advertising, or news of another matter";
    RawSensitiveValues = "raw_sensitive_values", "the exposed values themselves";
    WaiverOfRights = "waiver_of_rights", "a condition that the person gives up a right";
    PaymentCardRequired = "payment_card_required", "an offer that asks for a payment card";
}

impl Forbidden {
    /// Returns the elements that say what is forbidden here. What no element says, words and links are searched for.
    pub fn elements(self) -> &'static [Element] {
        match self {
            Self::NatureOfBreach => &[Element::WhatHappened, Element::Cause, Element::LocationExtent],
            // The total is not the number of the state's residents, and may give it away: a person decides.
            Self::NumberOfStateResidents => &[Element::NumberAffected],
            Self::HolderIdentity => &[Element::ThirdPartyRecipientIdentity],
            Self::LinkRequestingPi
            | Self::OtherIndividualsParticulars
            | Self::MarketingContent
            | Self::RawSensitiveValues
            | Self::WaiverOfRights
            | Self::PaymentCardRequired => &[],
        }
    }
}
