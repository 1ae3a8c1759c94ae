package alpaca

import (
	"encoding/json"
	"testing"
)

func TestDecimalsAreExact(t *testing.T) {
	for text, want := range map[string]string{
		"0": "0", "-0": "0", "1": "1", "-1.5": "-1.5", "-0.5": "-0.5", "0.000000001": "0.000000001", "150.250": "150.25",
		"999999999999999999.999999999": "999999999999999999.999999999", "007": "7",
	} {
		d, err := ParseDecimal(text)
		if err != nil || d.String() != want {
			t.Errorf("%q: %v, %v", text, d, err)
		}
		if again := MustDecimal(d.String()); again != d || again.Rat().Cmp(d.Rat()) != 0 {
			t.Errorf("%q: %v is not %v", text, again, d)
		}
	}
	for _, text := range []string{"", ".", "1.", ".5", "1e3", "+1", "0.0000000001", "1 ", "--1", "1234567890123456789", "1,5", "NaN", "٣"} {
		if d, err := ParseDecimal(text); err == nil {
			t.Errorf("%q is %v", text, d)
		}
	}
	if MustDecimal("0.1").Float64() != 0.1 || Whole(-3).Sign() != -1 || MustDecimal("0.1").Sign() != 1 || (Decimal{}).Sign() != 0 {
		t.Error("numbers and signs")
	}
}

func TestDecimalsAreTextsInJSON(t *testing.T) {
	var d Decimal
	if err := json.Unmarshal([]byte(`"190.50"`), &d); err != nil || d != MustDecimal("190.5") {
		t.Errorf("%v, %v", d, err)
	}
	if text, err := json.Marshal(d); err != nil || string(text) != `"190.5"` {
		t.Errorf("%s, %v", text, err)
	}
	for _, text := range []string{`190.5`, `""`, `true`, `"1e3"`} {
		if err := json.Unmarshal([]byte(text), &d); err == nil {
			t.Errorf("%s is %v", text, d)
		}
	}
}
