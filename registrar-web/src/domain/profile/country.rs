use serde::{Deserialize, Serialize};

/// A country or territory by its two letters (ISO 3166-1 alpha-2), in capitals.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Country(String);

/// The text is no code that ISO 3166-1 has assigned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("give the two letters of ISO 3166 for a country, such as DE or BR")]
pub struct NotACountry;

/// All that are assigned, as of ISO 3166-1:2020 and its later changes.
const ASSIGNED: &str = "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ \
    BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ \
    CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ \
    DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR \
    GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY \
    HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP \
    KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY \
    MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ \
    NA NC NE NF NG NI NL NO NP NR NU NZ OM \
    PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW \
    SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ \
    TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ \
    VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW";

impl Country {
    /// Parses a code, in capitals or not.
    ///
    /// # Errors
    /// [`NotACountry`].
    pub fn parse(text: &str) -> Result<Self, NotACountry> {
        let code = text.trim().to_ascii_uppercase();
        let is_assigned = ASSIGNED.split_ascii_whitespace().any(|c| c == code);
        is_assigned.then_some(Self(code)).ok_or(NotACountry)
    }

    /// The two letters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn assigned_codes_are_taken_and_no_others() {
        assert_eq!(ASSIGNED.split_ascii_whitespace().count(), 249);
        assert_eq!(Country::parse("gb").unwrap().as_str(), "GB");
        for bad in ["", "UK", "XX", "ZZ", "EU", "D", "DEU", "D E", "ДЕ", "AD AE"] {
            assert_eq!(Country::parse(bad), Err(NotACountry), "{bad}");
        }
    }
}
