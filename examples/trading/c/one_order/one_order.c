// One order, and what came of it:  APCA_API_KEY_ID=… APCA_API_SECRET_KEY=… one_order SYMBOL QTY LIMIT [BASE_URL [CA_FILE]]
//
// Without BASE_URL it goes to the paper account. A key of an account with real money needs no other program: be careful.
#include "../alpaca.h"
#include <stdio.h>
#include <stdlib.h>

static int tell(const alpaca_order *order) {
    printf("%s %s %s of %s at most %s: %s%s\n", order->id, order->side, alpaca_decimal_text(order->qty).text, order->symbol,
           alpaca_decimal_text(order->limit_price).text, order->status, order->reconciled ? " (its answer was lost; asked again)" : "");
    return 0;
}

int main(int argc, char **argv) {
    if (argc < 4) return fprintf(stderr, "usage: %s SYMBOL QTY LIMIT [BASE_URL [CA_FILE]]\n", argv[0]), 2;
    const alpaca_config config = {
        .api_key = getenv("APCA_API_KEY_ID"),
        .api_secret = getenv("APCA_API_SECRET_KEY"),
        .environment = ALPACA_PAPER,
        .base_url = argc > 4 ? argv[4] : NULL,
        .ca_file = argc > 5 ? argv[5] : NULL,
    };
    alpaca_client *client;
    alpaca_error error;
    if (alpaca_client_init(&config, &client, &error) != ALPACA_OK) return fprintf(stderr, "%s\n", error.message), 2;

    const alpaca_order_request buy = {
        .symbol = argv[1], .qty = argv[2], .side = "buy", .type = "limit", .limit_price = argv[3], .time_in_force = "gtc"};
    alpaca_order order;
    int status = 1;
    switch (alpaca_submit_order(client, &buy, &order, &error)) {
    case ALPACA_OK: // it is there, also where its own answer was lost
        status = tell(&order);
        break;
    case ALPACA_UNKNOWN: // it may be there: ask later, by this id, and do not send another one
        printf("nobody knows; ask for %s: %s\n", error.client_order_id, error.message);
        break;
    case ALPACA_NOT_PLACED: // it is not there; to try again, take the same id
        printf("not placed; again with %s: %s\n", error.client_order_id, error.message);
        break;
    default: // refused, or never sent
        printf("%s (HTTP %d, code %lld): %s\n", alpaca_result_name(error.result), error.http_status, (long long)error.code,
               error.message);
    }
    alpaca_client_deinit(client);
    return status;
}
