use super::*;

const TITLE: &str = "VANGUARD 1";
const LINE_1: &str = "1 00005U 58002B   00179.78495062  .00000023  00000-0  28098-4 0  4753";
const LINE_2: &str = "2 00005  34.2682 348.7242 1859667 331.7664  19.3264 10.82419157413667";

fn error(text: &str) -> String {
    parse_tle(text).unwrap_err().to_string()
}

#[test]
fn elements_are_read_with_and_without_names() {
    let named = parse_tle(&format!("{TITLE}\n{LINE_1}\n{LINE_2}\n")).unwrap();
    assert_eq!((named[0].name.as_str(), named[0].catalog), ("1", 5));
    let bare = parse_tle(&format!("{LINE_1}\r\n{LINE_2}\r\n\r\n")).unwrap();
    assert_eq!(bare[0].name, "5");
    assert_eq!((bare[0].inclination_deg, bare[0].eccentricity, bare[0].drag), (34.2682, 0.1859667, 0.28098e-4));
    assert!(bare[0].epoch.to_string().starts_with("2000-06-27T18:50:19.73"), "{}", bare[0].epoch);
}

#[test]
fn a_broken_line_is_named_with_its_column() {
    let broken = LINE_2.replace("10.82419157", "10.82419158");
    let message = error(&format!("{TITLE}\n{LINE_1}\n{broken}"));
    assert!(message.contains("line 3, column 69") && message.contains("`8`"), "{message}");
    assert!(error(&format!("{LINE_1}\n{}", &LINE_2[..60])).contains("line 2, column 60: 60 characters"));
    assert!(error(LINE_1).contains("line 2"));
    assert!(error(&format!("{TITLE}\n{TITLE}\n{LINE_1}\n{LINE_2}")).contains("line 2"));
    assert!(error(&format!("{LINE_1}\n{}é", &LINE_2[..67])).contains("column 68: not an ASCII"));
    assert_eq!(parse_tle("\n"), Err(ElementsError::Empty));
}

const OMM: &str = r#"[{"OBJECT_NAME": "STAR A", "NORAD_CAT_ID": "7", "EPOCH": "2026-01-01T00:00:00.500000", "MEAN_MOTION": 15.05,
 "ECCENTRICITY": "0.0001", "INCLINATION": 53, "RA_OF_ASC_NODE": 0, "ARG_OF_PERICENTER": 0, "MEAN_ANOMALY": 90, "BSTAR": 0.0001}]"#;
const OMM_CSV: &str = "OBJECT_NAME,NORAD_CAT_ID,EPOCH,MEAN_MOTION,ECCENTRICITY,INCLINATION,RA_OF_ASC_NODE,ARG_OF_PERICENTER,\
                       MEAN_ANOMALY,BSTAR\nSTAR A,7,2026-01-01T00:00:00.500000,15.05,.0001,53,0,0,90,.0001\n";

#[test]
fn json_and_csv_say_the_same() {
    let read = parse_omm_json(OMM).unwrap();
    assert_eq!((read[0].name.as_str(), read[0].epoch.to_string().as_str()), ("A", "2026-01-01T00:00:00.5Z"));
    assert_eq!(parse_omm_csv(OMM_CSV).unwrap(), read);
}

#[test]
fn a_broken_omm_is_refused_with_the_place() {
    let cases = [
        parse_omm_json(&OMM.replace("15.05", "\"fast\"")),
        parse_omm_json(&OMM.replace("2026-01-01T", "yesterday")),
        parse_omm_json("{"),
        parse_omm_csv(&OMM_CSV.replace(",53,", ",steep,")),
        parse_omm_csv("OBJECT_NAME\nSTAR A\n"),
    ];
    for (case, place) in cases.iter().zip(["line 1", "entry 1", "line 1", "line 2", "line 2"]) {
        let message = case.as_ref().unwrap_err().to_string();
        assert!(message.starts_with(place), "{message}");
    }
    assert_eq!(parse_omm_json("[]"), Err(ElementsError::Empty));
}

#[test]
fn the_newest_set_of_an_object_counts_and_names_are_of_one_object() {
    let twice = format!("{},{}", &OMM[..OMM.len() - 1], &OMM.replace("00:00:00", "06:00:00")[1..]);
    let read = parse_omm_json(&twice).unwrap();
    assert_eq!((read.len(), read[0].epoch.to_string().as_str()), (1, "2026-01-01T06:00:00.5Z"));
    let namesakes = format!("{},{}", &OMM[..OMM.len() - 1], &OMM.replace("\"7\"", "8")[1..]);
    let expected = ElementsError::SameName { name: "A".into(), first: 7, second: 8 };
    assert_eq!(parse_omm_json(&namesakes), Err(expected));
}
