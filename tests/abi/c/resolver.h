/* A name server in the program's own hands: `getaddrinfo` of the executable comes before libc's, also for the library. */

#ifndef RESOLVER_H
#define RESOLVER_H

/* Names that end in ".slow.test" are not answered while they are held, for 30 s at the most. "name.invalid" does not
 * exist, and no network is asked. A name that ends in ".addr.test" has the addresses that are its labels, dots being
 * written as dashes: "127-0-0-2.127-0-0-1.addr.test". A name that ends in ".moving.test" is at
 * the address that it was moved to last, 127.0.0.1 before that. Everything else goes to libc. */
void resolver_move(const char *address);
void resolver_hold(void);
void resolver_release(void);

/* Returns when a look-up of that slow name has begun, as one of the last few; when all that began have returned. */
void resolver_await(const char *name);
void resolver_await_idle(void);

/* How many look-ups of all names there were. */
int resolver_calls(void);

/* How many look-ups of slow names there were, and how many ran on a thread that did not block all signals. */
int resolver_look_ups(void);
int resolver_unblocked(void);

#endif
