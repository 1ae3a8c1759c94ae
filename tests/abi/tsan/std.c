/* What std does where threads meet is compiled without instrumentation: a lock that is fought for, a wait at a condition, a
 * value that is made once. The linker leads calls of these functions through here, where ThreadSanitizer is told what they
 * hand over. Their names have std's hash in them and come from the command line, as LOCK, READ, WRITE, WAIT, WAIT_TIMEOUT
 * and ONCE. Arguments go through as they are: none takes more than six words, and none answers with more than one. */

void __tsan_acquire(void *address);
void __tsan_release(void *address);

#define JOIN(left, right) left##right
#define REAL(name) JOIN(__real_, name)
#define THROUGH(name) JOIN(__wrap_, name)

#define LEAD(name, release, acquire)                                                                             \
    long REAL(name)(void *, void *, long, long, long, long);                                                     \
    long THROUGH(name)(void *, void *, long, long, long, long);                                                  \
    long THROUGH(name)(void *self, void *second, long third, long fourth, long fifth, long sixth) {              \
        release;                                                                                                 \
        const long result = REAL(name)(self, second, third, fourth, fifth, sixth);                               \
        acquire;                                                                                                 \
        return result;                                                                                           \
    }

LEAD(LOCK, (void)0, __tsan_acquire(self))
LEAD(READ, (void)0, __tsan_acquire(self))
LEAD(WRITE, (void)0, __tsan_acquire(self))
/* The second argument is the mutex that is given up meanwhile. */
LEAD(WAIT, __tsan_release(second), __tsan_acquire(second))
LEAD(WAIT_TIMEOUT, __tsan_release(second), __tsan_acquire(second))

/* The closure runs inside, and what it made is handed over before anybody can see that it has run. It comes as a pointer and
 * a table: how to drop it, its size and alignment, how to call it once, how to call it. */
struct closure {
    void *data, *const *table, *once;
};

static void run(struct closure *closure, void *state) {
    void (*call)(void *, void *);
    *(void **)&call = closure->table[4];
    call(closure->data, state);
    __tsan_release(closure->once);
}

void REAL(ONCE)(void *, long, void *, void *const *, long, long);
void THROUGH(ONCE)(void *, long, void *, void *const *, long, long);
void THROUGH(ONCE)(void *self, long second, void *data, void *const *table, long fifth, long sixth) {
    struct closure closure = {data, table, self};
    void (*const instead)(struct closure *, void *) = run;
    void *own[5] = {table[0], table[1], table[2], table[3], *(void *const *)&instead};
    REAL(ONCE)(self, second, &closure, own, fifth, sixth);
    __tsan_acquire(self);
}

/* The last one who lets go of an Arc sees what all others did before they let go by a fence, of which ThreadSanitizer knows
 * nothing. So who counts down sees it at once. */
#define RELEASE 3
#define ACQUIRE_RELEASE 4
long __real___tsan_atomic64_fetch_sub(volatile long *, long, int);
long __wrap___tsan_atomic64_fetch_sub(volatile long *, long, int);
long __wrap___tsan_atomic64_fetch_sub(volatile long *count, long less, int order) {
    return __real___tsan_atomic64_fetch_sub(count, less, order == RELEASE ? ACQUIRE_RELEASE : order);
}
