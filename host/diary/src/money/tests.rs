use proptest::prelude::*;

use super::*;
use RoundingRule::HalfEven1;

fn currency(code: &str) -> Currency {
    code.parse().unwrap()
}

fn rate(minor_units: u64) -> Rate {
    Rate::new(minor_units, currency("EUR")).unwrap()
}

fn line(minutes: u64, minor_units: u64) -> i64 {
    line_amount(minutes, rate(minor_units), HalfEven1).unwrap().minor_units()
}

#[test]
fn a_line_is_rounded_once_and_a_half_goes_to_the_even_neighbour() {
    // Minutes, minor units an hour, what it comes to.
    let rows = [
        (0, 4_800, 0),
        (60, 4_800, 4_800),
        (1_800, 4_800, 144_000),
        (10, 4_800, 800),
        (20, 3_333, 1_111),
        (10, 3_333, 556), // 555.5
        (10, 3_327, 554), // 554.5
        (10, 3_332, 555), // 555.33
        (10, 3_334, 556), // 555.67
        (30, 1, 0),       // 0.5
        (30, 3, 2),       // 1.5
        (30, 5, 2),       // 2.5
        (30, 7, 4),       // 3.5
        (1, 30, 0),       // 0.5
        (1, 31, 1),       // 0.52
        (3, 30, 2),       // 1.5
        (1, 29, 0),       // 0.48
        (7, 4_321, 504),  // 504.12
        (1, 90, 2),       // 1.5
        (1, 150, 2),      // 2.5
        (10_080, 1_000_000_000_000, 168_000_000_000_000),
    ];
    for (minutes, minor_units, expected) in rows {
        assert_eq!(line(minutes, minor_units), expected, "{minutes} min at {minor_units}");
    }
}

#[test]
fn what_is_too_large_is_an_error_and_never_another_figure() {
    assert_eq!(line_amount(u64::MAX, rate(1_000_000_000_000), HalfEven1), Err(MoneyError::TooLarge));
    // Exactly the largest: 2^63 - 1 minor units are 60 × that of one minor unit an hour.
    let most = u64::try_from(i64::MAX).unwrap();
    assert_eq!(line(most, 60), i64::MAX);
    assert_eq!(line_amount(most + 1, rate(60), HalfEven1), Err(MoneyError::TooLarge));
    let eur = currency("EUR");
    let (most, least) = (Amount::new(i64::MAX, eur), Amount::new(i64::MIN, eur));
    assert_eq!(most.checked_add(Amount::new(1, eur)), Err(MoneyError::TooLarge));
    assert_eq!(least.checked_sub(Amount::new(1, eur)), Err(MoneyError::TooLarge));
    assert_eq!(Amount::sum(eur, [most, most]), Err(MoneyError::TooLarge));
    assert_eq!(Amount::sum(eur, [most, least]), Ok(Amount::new(-1, eur)));
    let yen = Amount::new(1, currency("JPY"));
    assert_eq!(most.checked_add(yen), Err(MoneyError::Currencies("EUR", "JPY")));
    assert_eq!(Amount::sum(eur, []), Ok(Amount::zero(eur)));
}

#[test]
fn a_rate_has_bounds() {
    let eur = currency("EUR");
    assert_eq!(Rate::new(0, eur), Err(MoneyError::RateOutOfBounds(0)));
    assert!(Rate::new(1, eur).is_ok() && Rate::new(1_000_000_000_000, eur).is_ok());
    assert_eq!(Rate::new(1_000_000_000_001, eur), Err(MoneyError::RateOutOfBounds(1_000_000_000_001)));
    assert_eq!(rate(4_800).an_hour().to_string(), "EUR 48.00");
}

#[test]
fn an_amount_has_the_decimals_of_its_currency() {
    let rows = [
        ("EUR", 144_000, "EUR 1,440.00"),
        ("USD", 0, "USD 0.00"),
        ("USD", 5, "USD 0.05"),
        ("USD", -5, "USD -0.05"),
        ("USD", 123_456_789_012, "USD 1,234,567,890.12"),
        ("JPY", 1_440, "JPY 1,440"),
        ("JPY", 0, "JPY 0"),
        ("ISK", -100, "ISK -100"),
        ("KRW", 999, "KRW 999"),
        ("KWD", 1_440, "KWD 1.440"),
        ("BHD", 1_000_000, "BHD 1,000.000"),
        ("CLF", 1, "CLF 0.0001"),
        ("EUR", i64::MIN, "EUR -92,233,720,368,547,758.08"),
    ];
    for (code, minor_units, expected) in rows {
        assert_eq!(Amount::new(minor_units, currency(code)).to_string(), expected);
    }
}

#[test]
fn each_active_currency_is_there_once_by_its_exact_code() {
    let codes: Vec<&str> = Currency::all().map(Currency::code).collect();
    // List one has 178 codes, 13 of them without a minor unit.
    assert_eq!(codes.len(), 165);
    assert!(codes.is_sorted_by(|a, b| a < b), "in order, and each once");
    for code in codes {
        assert!(code.len() == 3 && code.bytes().all(|b| b.is_ascii_uppercase()), "{code}");
        assert_eq!(currency(code).code(), code);
    }
    let with = |digits| -> Vec<&str> {
        Currency::all().filter(|c| c.digits() == digits).map(Currency::code).collect()
    };
    assert_eq!(
        with(0),
        [
            "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV",
            "XAF", "XOF", "XPF"
        ]
    );
    assert_eq!(with(3), ["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"]);
    assert_eq!(with(4), ["CLF", "UYW"]);
    assert!(with(1).is_empty());
    assert_eq!(with(2).len(), 165 - 17 - 7 - 2);
    for bad in ["", "eur", "EURO", "XXX", "XTS", "XAU", "DEM", "HRK", "BGN", "EU", "\u{202e}", "€"] {
        let refused = bad.parse::<Currency>();
        assert_eq!(refused, Err(MoneyError::UnknownCurrency(bad.to_owned())));
        assert!(!refused.unwrap_err().to_string().contains('\u{202e}'), "an error shows no hidden character");
    }
}

#[test]
fn what_is_written_down_is_read_back_and_nothing_else() {
    let amount = Amount::new(-5, currency("EUR"));
    let json = serde_json::to_string(&amount).unwrap();
    assert_eq!(json, r#"{"minor-units":-5,"currency":"EUR"}"#);
    assert_eq!(serde_json::from_str::<Amount>(&json).unwrap(), amount);
    for bad in [
        r#"{"minor-units":-5,"currency":"eur"}"#,
        r#"{"minor-units":1.5,"currency":"EUR"}"#,
        r#"{"minor-units":9223372036854775808,"currency":"EUR"}"#,
        r#"{"minor-units":1,"currency":"EUR","more":1}"#,
    ] {
        assert!(serde_json::from_str::<Amount>(bad).is_err(), "{bad}");
    }
    assert_eq!(serde_json::to_string(&HalfEven1).unwrap(), r#""half-even-1""#);
    assert_eq!(serde_json::from_str::<RoundingRule>(r#""half-even-1""#).unwrap(), HalfEven1);
    let other = serde_json::from_str::<RoundingRule>(r#""half-up-1""#).unwrap_err().to_string();
    assert!(other.contains("half-up-1") && other.contains("half-even-1"), "{other}");
}

proptest! {
    /// Nobody gains by more than half a minor unit a line.
    #[test]
    fn a_line_is_off_by_half_a_minor_unit_at_most(minutes in 0..100_000_u64, minor in 1..10_000_000_u64) {
        let rounded = i128::from(line(minutes, minor));
        let exact = i128::from(minutes) * i128::from(minor);
        prop_assert!((60 * rounded - exact).abs() <= 30, "{rounded} for {exact}/60");
        if (60 * rounded - exact).abs() == 30 {
            prop_assert_eq!(rounded % 2, 0, "a half goes to the even one");
        }
    }

    /// More time is never paid less, and a higher rate never less.
    #[test]
    fn a_line_is_monotone(minutes in 0..100_000_u64, minor in 1..10_000_000_u64, more in 0..1_000_u64) {
        prop_assert!(line(minutes, minor) <= line(minutes + more, minor));
        prop_assert!(line(minutes, minor) <= line(minutes, minor + more));
    }

    /// Whole hours and whatever else comes out even are not rounded at all.
    #[test]
    fn what_is_whole_is_not_rounded(hours in 0..10_000_u64, minor in 1..10_000_000_u64) {
        prop_assert_eq!(line(hours * 60, minor), i64::try_from(hours * minor).unwrap());
    }

    /// The sum of lines is the total. It is not the line of the sum: that differs by (n + 1) / 2 at most.
    #[test]
    fn the_sum_of_lines_stays_near_the_line_of_the_sum(
        minutes in proptest::collection::vec(0..10_000_u64, 0..20), minor in 1..10_000_000_u64,
    ) {
        let eur = currency("EUR");
        let lines = minutes.iter().map(|m| line_amount(*m, rate(minor), HalfEven1).unwrap());
        let total = Amount::sum(eur, lines).unwrap().minor_units();
        let of_sum = line(minutes.iter().sum(), minor);
        prop_assert!(2 * (total - of_sum).unsigned_abs() <= minutes.len() as u64 + 1, "{total}, {of_sum}");
    }
}
