package alpaca

import (
	"encoding/json"
	"fmt"
	"math/big"
	"strconv"
	"strings"
)

const (
	places = 9
	unit   = 1_000_000_000
)

// Decimal is an amount, a price or a number of shares: exact, with up to nine decimal places and eighteen digits before them.
// Decimals are equal where == says so. The zero value is 0.
type Decimal struct {
	whole int64
	nano  int32 // billionths, with the sign of the number
}

// ParseDecimal reads "12.5", "0" or "-0.000000001": no exponent, no plus, no digit missing before or after the point.
func ParseDecimal(text string) (Decimal, error) {
	digits, negative := strings.CutPrefix(text, "-")
	whole, fraction, point := strings.Cut(digits, ".")
	if !plain(whole) || len(whole) > 18 || point && !plain(fraction) || len(fraction) > places {
		return Decimal{}, fmt.Errorf("alpaca: %q is no decimal", text)
	}
	var d Decimal
	d.whole, _ = strconv.ParseInt(whole, 10, 64)
	nano, _ := strconv.ParseInt((fraction + "000000000")[:places], 10, 32)
	d.nano = int32(nano)
	if negative {
		d.whole, d.nano = -d.whole, -d.nano
	}
	return d, nil
}

func plain(digits string) bool {
	return digits != "" && strings.Trim(digits, "0123456789") == ""
}

// MustDecimal is ParseDecimal for what is known to be one. It panics where it is not.
func MustDecimal(text string) Decimal {
	d, err := ParseDecimal(text)
	if err != nil {
		panic(err)
	}
	return d
}

// Whole is a number of whole ones.
func Whole(n int) Decimal { return Decimal{whole: int64(n)} }

// Ptr is for fields that may be left out.
func (d Decimal) Ptr() *Decimal { return &d }

// Sign is -1, 0 or 1.
func (d Decimal) Sign() int {
	switch {
	case d.whole > 0 || d.nano > 0:
		return 1
	case d.whole < 0 || d.nano < 0:
		return -1
	}
	return 0
}

// Rat is the same number, to calculate with.
func (d Decimal) Rat() *big.Rat {
	sum := new(big.Int).Mul(big.NewInt(d.whole), big.NewInt(unit))
	return new(big.Rat).SetFrac(sum.Add(sum, big.NewInt(int64(d.nano))), big.NewInt(unit))
}

// Float64 is the nearest number of that kind.
func (d Decimal) Float64() float64 {
	f, _ := d.Rat().Float64()
	return f
}

// String is the shortest text that ParseDecimal reads as d.
func (d Decimal) String() string {
	sign, whole, nano := "", d.whole, d.nano
	if d.Sign() < 0 {
		sign, whole, nano = "-", -whole, -nano
	}
	text := sign + strconv.FormatInt(whole, 10)
	if nano == 0 {
		return text
	}
	return text + "." + strings.TrimRight(fmt.Sprintf("%09d", nano), "0")
}

// MarshalJSON writes a text, as the broker does.
func (d Decimal) MarshalJSON() ([]byte, error) { return []byte(`"` + d.String() + `"`), nil }

// UnmarshalJSON reads a text; a number might have lost something already.
func (d *Decimal) UnmarshalJSON(data []byte) error {
	var text string
	err := json.Unmarshal(data, &text)
	if err == nil {
		*d, err = ParseDecimal(text)
	}
	return err
}
