package alpaca

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"
)

// The samples are those of Alpaca's documentation, with all that it has beyond what is read here.
const (
	sampleOrder = `{"id":"61e69015-8549-4bfd-b9c3-01e75843f47d","client_order_id":"eb9e2aaa-f71a-4f51-b5b4-52a6c565dad4",
		"created_at":"2021-03-16T18:38:01.942282Z","updated_at":"2021-03-16T18:38:01.942282Z","submitted_at":"2021-03-16T18:38:01.937734Z",
		"filled_at":null,"expired_at":null,"canceled_at":null,"failed_at":null,"replaced_at":null,"replaced_by":null,"replaces":null,
		"asset_id":"b0b6dd9d-8b9b-48a9-ba46-b9d54906e415","symbol":"AAPL","asset_class":"us_equity","notional":"500","qty":null,
		"filled_qty":"0","filled_avg_price":null,"order_class":"","order_type":"market","type":"market","side":"buy",
		"time_in_force":"day","limit_price":null,"stop_price":null,"status":"accepted","extended_hours":false,"legs":null,
		"trail_percent":null,"trail_price":null,"hwm":null,"commission":"1.25"}`
	sampleAccount = `{"account_blocked":false,"account_number":"010203ABCD","buying_power":"262113.632","cash":"-23140.2",
		"created_at":"2019-06-12T22:47:07.99658Z","currency":"USD","crypto_status":"ACTIVE","non_marginable_buying_power":"7386.56",
		"accrued_fees":"0","pending_transfer_in":"0","pending_transfer_out":"0","daytrade_count":0,"daytrading_buying_power":"262113.632",
		"equity":"103820.56","id":"e6fe16f3-64a4-4921-8928-cadf02f92f98","initial_margin":"63480.38","last_equity":"103529.24",
		"last_maintenance_margin":"38000.832","long_market_value":"126960.76","maintenance_margin":"38088.228","multiplier":"4",
		"pattern_day_trader":false,"portfolio_value":"103820.56","regt_buying_power":"80680.36","short_market_value":"0",
		"shorting_enabled":true,"sma":"0","status":"ACTIVE","trade_suspended_by_user":false,"trading_blocked":false,"transfers_blocked":false}`
	samplePosition = `{"asset_id":"904837e3-3b76-47ec-b432-046db621571b","symbol":"AAPL","exchange":"NASDAQ","asset_class":"us_equity",
		"avg_entry_price":"100.0","qty":"5","qty_available":"4","side":"long","market_value":"600.0","cost_basis":"500.0",
		"unrealized_pl":"100.0","unrealized_plpc":"0.20","unrealized_intraday_pl":"10.0","unrealized_intraday_plpc":"0.0084",
		"current_price":"120.0","lastday_price":"119.0","change_today":"0.0084","asset_marginable":false}`
	sampleAsset = `{"id":"b0b6dd9d-8b9b-48a9-ba46-b9d54906e415","class":"us_equity","exchange":"NASDAQ","symbol":"AAPL",
		"name":"Apple Inc. Common Stock","status":"active","tradable":true,"marginable":true,"shortable":true,"easy_to_borrow":true,
		"fractionable":true,"min_order_size":"0.0001"}`
	sampleClock = `{"timestamp":"2018-04-01T12:00:00.000-04:00","is_open":true,"next_open":"2018-04-02T09:30:00-04:00",
		"next_close":"2018-04-01T16:00:00-04:00"}`
	sampleHistory = `{"timestamp":[1580826600,1580827500],"equity":[27423.73,null],"profit_loss":[11.8,8.07],
		"profit_loss_pct":[0.000430515,null],"base_value":27411.93,"timeframe":"15Min"}`
	sampleQuote = `{"t":"2021-02-06T13:35:08.946977536Z","ax":"C","ap":387.7,"as":1,"bx":"N","bp":387.67,"bs":1,"c":["R"]}`
	sampleTrade = `{"t":"2021-02-06T13:04:56.334320128Z","x":"C","p":387.62,"s":100,"c":[" ","T"],"i":52983525029461,"z":"B"}`
	sampleBar   = `{"t":"2021-02-01T16:01:00Z","o":133.32,"h":133.74,"l":133.31,"c":133.5,"v":9876,"n":300,"vw":133.5}`
)

func mustDecode[T any](t *testing.T, text string) T {
	t.Helper()
	var value T
	if err := decode([]byte(text), &value); err != nil {
		t.Fatal(err)
	}
	return value
}

func TestDocumentedOrder(t *testing.T) {
	order := mustDecode[Order](t, sampleOrder)
	if order.ID != "61e69015-8549-4bfd-b9c3-01e75843f47d" || order.Side != Buy || order.Type != Market || order.TimeInForce != Day ||
		order.Status != "accepted" || *order.Notional != Whole(500) || order.Qty != nil || order.FilledAvgPrice != nil ||
		order.FilledAt != nil || order.Replaces != nil || order.FilledQty != (Decimal{}) || order.Reconciled {
		t.Errorf("%+v", order)
	}
	if want := time.Date(2021, 3, 16, 18, 38, 1, 937_734_000, time.UTC); !order.SubmittedAt.Equal(want) {
		t.Errorf("%v", order.SubmittedAt)
	}
}

func TestDocumentedAnswers(t *testing.T) {
	account := mustDecode[Account](t, sampleAccount)
	if account.Cash != MustDecimal("-23140.2") || account.BuyingPower != MustDecimal("262113.632") || account.Multiplier != "4" || !account.ShortingEnabled {
		t.Errorf("%+v", account)
	}
	position := mustDecode[[]Position](t, "["+samplePosition+"]")[0]
	if position.UnrealizedPLP != MustDecimal("0.2") || position.QtyAvailable != Whole(4) || position.Side != "long" {
		t.Errorf("%+v", position)
	}
	if asset := mustDecode[Asset](t, sampleAsset); asset.Class != "us_equity" || !asset.Fractionable {
		t.Errorf("%+v", asset)
	}
	if clock := mustDecode[Clock](t, sampleClock); !clock.IsOpen || clock.NextOpen.Unix() != 1522675800 {
		t.Errorf("%+v", clock)
	}
	history := mustDecode[PortfolioHistory](t, sampleHistory)
	if *history.Equity[0] != 27423.73 || history.Equity[1] != nil || history.ProfitLossPct[1] != nil || history.Timestamp[1] != 1580827500 {
		t.Errorf("%+v", history)
	}
	if quote := mustDecode[Quote](t, sampleQuote); quote.AskPrice != 387.7 || quote.Time.Nanosecond() != 946_977_536 {
		t.Errorf("%+v", quote)
	}
	if trade := mustDecode[Trade](t, sampleTrade); trade.ID != 52983525029461 || trade.Size != 100 {
		t.Errorf("%+v", trade)
	}
	if bar := mustDecode[Bar](t, sampleBar); bar.VWAP != 133.5 || bar.Volume != 9876 {
		t.Errorf("%+v", bar)
	}
}

// Each field of each type: without it, with null, and with what is of another kind, nothing can be read.
func TestWhatIsMissingOrOfAnotherKindIsAnError(t *testing.T) {
	for text, value := range map[string]any{
		sampleOrder: new(Order), sampleAccount: new(Account), samplePosition: new(Position), sampleAsset: new(Asset),
		sampleClock: new(Clock), sampleHistory: new(PortfolioHistory), sampleQuote: new(Quote), sampleTrade: new(Trade),
		sampleBar: new(Bar), `{"id":"a","status":200}`: new(CancelledOrder), `{"date":"2026-03-02","open":"09:30","close":"16:00"}`: new(CalendarDay),
	} {
		kind := reflect.TypeOf(value).Elem()
		for i := range kind.NumField() {
			field := kind.Field(i)
			tag, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			if tag == "-" {
				continue
			}
			for _, change := range []string{"", "null", `{"of":"another kind"}`} {
				err := decode(without(t, text, tag, change), value)
				if change == "null" && field.Type.Kind() == reflect.Pointer {
					if err != nil {
						t.Errorf("%s.%s: null: %v", kind, tag, err)
					}
				} else if err == nil || !strings.Contains(err.Error(), tag) {
					t.Errorf("%s.%s: %q: %v", kind, tag, change, err)
				}
			}
		}
	}
	for _, text := range []string{"", "null", "{}", `"text"`, "[null]", "[1]", "[" + sampleBar, "[" + sampleBar + "] []"} {
		var bars []Bar
		if err := decode([]byte(text), &bars); err == nil {
			t.Errorf("%q is %v", text, bars)
		}
	}
}

func without(t *testing.T, text, name, instead string) []byte {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal([]byte(text), &fields); err != nil || fields[name] == nil {
		t.Fatalf("%s: %v", name, err)
	}
	if delete(fields, name); instead != "" {
		fields[name] = json.RawMessage(instead)
	} else {
		fields[strings.ToUpper(name)] = json.RawMessage(`"x"`) // what differs in case is another one
	}
	changed, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	return changed
}

func TestRefusals(t *testing.T) {
	for _, one := range []struct {
		status int
		body   string
		kind   Kind
		code   int64
	}{
		{401, `{"code":40110000,"message":"request is not authorized"}`, ErrUnauthorized, 40110000},
		{403, `{"code":40310000,"message":"insufficient buying power","buying_power":"1"}`, ErrRejected, 40310000},
		{403, `{"message":"forbidden."}`, ErrUnauthorized, 0},
		{404, `{"code":40410000,"message":"position does not exist"}`, ErrNotFound, 40410000},
		{422, `{"code":42210000,"message":"qty must be greater"}`, ErrRejected, 42210000},
		{429, `{"message":"too many requests."}`, ErrRateLimited, 0},
		{400, `<html>`, ErrRejected, 0}, {307, ``, ErrRejected, 0}, {500, `[]`, ErrBroker, 0}, {504, `null`, ErrBroker, 0},
	} {
		e := refusal(&Error{Op: "test", HTTPStatus: one.status}, []byte(one.body))
		if e.Kind != one.kind || e.Code != one.code || e.Message == "" {
			t.Errorf("%d %s: %v", one.status, one.body, e)
		}
	}
}
