package alpaca

import "time"

// Account is what an account has and may do.
type Account struct {
	ID                string  `json:"id"`
	AccountNumber     string  `json:"account_number"`
	Status            string  `json:"status"`
	Currency          string  `json:"currency"`
	Cash              Decimal `json:"cash"`
	BuyingPower       Decimal `json:"buying_power"`
	Equity            Decimal `json:"equity"`
	LastEquity        Decimal `json:"last_equity"`
	PortfolioValue    Decimal `json:"portfolio_value"`
	LongMarketValue   Decimal `json:"long_market_value"`
	ShortMarketValue  Decimal `json:"short_market_value"`
	InitialMargin     Decimal `json:"initial_margin"`
	MaintenanceMargin Decimal `json:"maintenance_margin"`
	Multiplier        string  `json:"multiplier"`
	PatternDayTrader  bool    `json:"pattern_day_trader"`
	TradingBlocked    bool    `json:"trading_blocked"`
	TransfersBlocked  bool    `json:"transfers_blocked"`
	AccountBlocked    bool    `json:"account_blocked"`
	ShortingEnabled   bool    `json:"shorting_enabled"`
	DaytradeCount     int     `json:"daytrade_count"`
}

// Position is what is held of one asset.
type Position struct {
	AssetID       string  `json:"asset_id"`
	Symbol        string  `json:"symbol"`
	Exchange      string  `json:"exchange"`
	AssetClass    string  `json:"asset_class"`
	Side          string  `json:"side"` // "long" or "short"
	Qty           Decimal `json:"qty"`
	QtyAvailable  Decimal `json:"qty_available"`
	AvgEntryPrice Decimal `json:"avg_entry_price"`
	MarketValue   Decimal `json:"market_value"`
	CostBasis     Decimal `json:"cost_basis"`
	UnrealizedPL  Decimal `json:"unrealized_pl"`
	UnrealizedPLP Decimal `json:"unrealized_plpc"`
	CurrentPrice  Decimal `json:"current_price"`
	LastdayPrice  Decimal `json:"lastday_price"`
	ChangeToday   Decimal `json:"change_today"`
}

// Side is that of an order.
type Side string

// OrderType is the kind of an order.
type OrderType string

// TimeInForce says how long an order stays open.
type TimeInForce string

// OrderStatus is what has become of an order.
type OrderStatus string

// What orders may be. The broker knows more statuses than these.
const (
	Buy  Side = "buy"
	Sell Side = "sell"

	Market    OrderType = "market"
	Limit     OrderType = "limit"
	Stop      OrderType = "stop"
	StopLimit OrderType = "stop_limit"

	Day TimeInForce = "day"
	GTC TimeInForce = "gtc"
	OPG TimeInForce = "opg"
	CLS TimeInForce = "cls"
	IOC TimeInForce = "ioc"
	FOK TimeInForce = "fok"

	StatusNew             OrderStatus = "new"
	StatusPendingNew      OrderStatus = "pending_new"
	StatusPartiallyFilled OrderStatus = "partially_filled"
	StatusFilled          OrderStatus = "filled"
	StatusPendingCancel   OrderStatus = "pending_cancel"
	StatusCanceled        OrderStatus = "canceled"
	StatusReplaced        OrderStatus = "replaced"
	StatusExpired         OrderStatus = "expired"
	StatusRejected        OrderStatus = "rejected"
)

// Order is an order as the broker tells of it. Pointers are nil where it says null.
type Order struct {
	ID             string      `json:"id"`
	ClientOrderID  string      `json:"client_order_id"`
	Symbol         string      `json:"symbol"`
	AssetID        string      `json:"asset_id"`
	AssetClass     string      `json:"asset_class"`
	Side           Side        `json:"side"`
	Type           OrderType   `json:"type"`
	TimeInForce    TimeInForce `json:"time_in_force"`
	Status         OrderStatus `json:"status"`
	FilledQty      Decimal     `json:"filled_qty"`
	Qty            *Decimal    `json:"qty"`
	Notional       *Decimal    `json:"notional"`
	LimitPrice     *Decimal    `json:"limit_price"`
	StopPrice      *Decimal    `json:"stop_price"`
	FilledAvgPrice *Decimal    `json:"filled_avg_price"`
	CreatedAt      time.Time   `json:"created_at"`
	UpdatedAt      time.Time   `json:"updated_at"`
	SubmittedAt    time.Time   `json:"submitted_at"`
	FilledAt       *time.Time  `json:"filled_at"`
	CanceledAt     *time.Time  `json:"canceled_at"`
	ExpiredAt      *time.Time  `json:"expired_at"`
	FailedAt       *time.Time  `json:"failed_at"`
	ReplacedAt     *time.Time  `json:"replaced_at"`
	ReplacedBy     *string     `json:"replaced_by"`
	Replaces       *string     `json:"replaces"`
	ExtendedHours  bool        `json:"extended_hours"`

	// Reconciled says that its own answer was lost, and the broker was asked.
	Reconciled bool `json:"-"`
}

// Asset is what can be traded.
type Asset struct {
	ID           string `json:"id"`
	Symbol       string `json:"symbol"`
	Name         string `json:"name"`
	Class        string `json:"class"`
	Exchange     string `json:"exchange"`
	Status       string `json:"status"`
	Tradable     bool   `json:"tradable"`
	Marginable   bool   `json:"marginable"`
	Shortable    bool   `json:"shortable"`
	EasyToBorrow bool   `json:"easy_to_borrow"`
	Fractionable bool   `json:"fractionable"`
}

// Clock is the market's.
type Clock struct {
	Timestamp time.Time `json:"timestamp"`
	IsOpen    bool      `json:"is_open"`
	NextOpen  time.Time `json:"next_open"`
	NextClose time.Time `json:"next_close"`
}

// CalendarDay is a day on which there is trading. Open and Close are times of the day in New York.
type CalendarDay struct {
	Date  string `json:"date"`  // "2026-03-02"
	Open  string `json:"open"`  // "09:30"
	Close string `json:"close"` // "16:00"
}

// PortfolioHistory is what an account was worth, in columns of the same length.
type PortfolioHistory struct {
	Timestamp     []int64    `json:"timestamp"` // seconds since 1970
	Equity        []*float64 `json:"equity"`
	ProfitLoss    []*float64 `json:"profit_loss"`
	ProfitLossPct []*float64 `json:"profit_loss_pct"`
	BaseValue     float64    `json:"base_value"`
	Timeframe     string     `json:"timeframe"`
}

// Quote is the best offer and the best bid at a moment.
type Quote struct {
	Time        time.Time `json:"t"`
	AskExchange string    `json:"ax"`
	AskPrice    float64   `json:"ap"`
	AskSize     float64   `json:"as"`
	BidExchange string    `json:"bx"`
	BidPrice    float64   `json:"bp"`
	BidSize     float64   `json:"bs"`
}

// Trade is one that has happened.
type Trade struct {
	Time     time.Time `json:"t"`
	Exchange string    `json:"x"`
	Price    float64   `json:"p"`
	Size     float64   `json:"s"`
	ID       int64     `json:"i"`
}

// Bar is what was traded in one piece of time.
type Bar struct {
	Time   time.Time `json:"t"`
	Open   float64   `json:"o"`
	High   float64   `json:"h"`
	Low    float64   `json:"l"`
	Close  float64   `json:"c"`
	Volume float64   `json:"v"`
	Trades float64   `json:"n"`
	VWAP   float64   `json:"vw"`
}

// ClosedPosition is what became of one position when all were closed.
type ClosedPosition struct {
	Symbol string
	Status int    // 200, or that of a refusal
	Order  *Order // nil where it was refused
	Code   int64  // of a refusal
	Reason string // the same
}

// CancelledOrder is what became of one order when all were cancelled.
type CancelledOrder struct {
	ID     string `json:"id"`
	Status int    `json:"status"`
}
