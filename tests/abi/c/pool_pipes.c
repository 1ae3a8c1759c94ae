/* Bodies that are written without waiting while a pool sends them: each word that was left is answered once. */

#include "pool.h"

#define SEED 11

static hs_pipe *open_pipe(size_t capacity) {
    hs_pipe *pipe = NULL;
    CHECK_STATUS(hs_pipe_new(capacity, &pipe, NULL), HS_OK);
    return pipe;
}

static hs_upload upload_from(hs_pipe *pipe) {
    hs_upload upload;
    memset(&upload, 0, sizeof upload);
    upload.struct_size = sizeof upload;
    upload.pipe = pipe;
    return upload;
}

static void submit(hs_pool *pool, const char *target, hs_pipe *pipe, uint64_t tag) {
    const hs_upload upload = upload_from(pipe);
    const hs_request_options request = put(target, &upload);
    SUBMIT(pool, &request, tag);
}

/* A body on its way into a pipe. */
struct body {
    hs_pipe *pipe;
    size_t length, written;
    int asked;
};

/* As much as fits; whether that is all. */
static int write_what_fits(struct body *body) {
    unsigned char piece[777];
    while (body->written < body->length) {
        const size_t left = body->length - body->written, now = left < sizeof piece ? left : sizeof piece;
        for (size_t i = 0; i < now; i++) {
            piece[i] = byte_at(SEED, body->written + i);
        }
        size_t written = 12345;
        const hs_status status = hs_pipe_try_write(body->pipe, piece, now, &written, NULL);
        body->written += written;
        if (status != HS_OK) {
            CHECK_STATUS(status, HS_ERR_WOULD_BLOCK);
            CHECK(written < now);
            body->asked = 1;
            return 0;
        }
        CHECK(written == now);
    }
    CHECK_STATUS(hs_pipe_close(body->pipe), HS_OK);
    return 1;
}

/* Several at once, by word alone; the first words are left before there is a request. */
static void written_by_word_alone(void) {
    enum { BODIES = 6 };
    hs_pool *pool = default_pool();
    struct body bodies[BODIES];
    for (int i = 0; i < BODIES; i++) {
        const struct body body = {open_pipe(1000), 100003, 0, 0};
        bodies[i] = body;
        CHECK(!write_what_fits(&bodies[i]));
        CHECK_INT(bodies[i].written, 1000);
        submit(pool, url("%s/echo", address(i % 2 ? "http" : "https")), bodies[i].pipe, (uint64_t)i);
    }
    for (int done = 0; done < BODIES;) {
        const hs_completion completion = NEXT(pool);
        struct body *body = &bodies[completion.tag];
        if (completion.kind == HS_COMPLETION_WRITABLE) {
            CHECK_INT(body->asked, 1);
            body->asked = 0;
            write_what_fits(body);
            continue;
        }
        CHECK_STATUS(completion.status, HS_OK);
        const hs_str echo = hs_response_body(completion.response);
        CHECK_INT(echo.len, body->length);
        for (size_t i = 0; i < echo.len; i++) {
            CHECK((unsigned char)echo.data[i] == byte_at(SEED, i));
        }
        CHECK_INT(body->asked, 0);
        CHECK_STATUS(hs_pipe_try_write(body->pipe, "a", 1, NULL, NULL), HS_ERR_PIPE_CLOSED);
        release(completion);
        done++;
    }
    for (int i = 0; i < BODIES; i++) {
        CHECK_STATUS(hs_pipe_free(bodies[i].pipe), HS_OK);
    }
    nothing_there(pool);
    close_pool(pool);
}

enum ending { CANCELLED, ABORTED, FREED, ENDINGS };

/* Its request waits for its turn, so that nothing is read. */
static void submit_for_later(hs_pool *pool, hs_request_options *request, const hs_upload *upload, uint64_t tag) {
    *request = put(url("%s/echo", address("http")), upload);
    request->start_after_ms = 3600000;
    request->timeout_ms = HS_INFINITE;
    SUBMIT(pool, request, tag);
}

/* Who waits for room is told, once, also where there will be none. */
static void told_of_the_end(enum ending how) {
    hs_pool *pool = default_pool();
    struct body body = {open_pipe(10), 100, 0, 0};
    CHECK(!write_what_fits(&body));
    const hs_upload upload = upload_from(body.pipe);
    hs_request_options request;
    submit_for_later(pool, &request, &upload, 7);
    nothing_there(pool);
    switch (how) {
    case CANCELLED: CHECK_STATUS(hs_pool_cancel(pool, 7), HS_OK); break;
    case ABORTED: CHECK_STATUS(hs_pipe_abort(body.pipe), HS_OK); break;
    default: CHECK_STATUS(hs_pipe_free(body.pipe), HS_OK); break;
    }
    if (how != CANCELLED) {
        CHECK(NEXT(pool).kind == HS_COMPLETION_WRITABLE);
        nothing_there(pool);
        CHECK_STATUS(hs_pool_cancel(pool, 7), HS_OK);
    }
    int told = 0, done = 0;
    while (done == 0 || told < (how == CANCELLED)) {
        const hs_completion completion = NEXT(pool);
        CHECK(completion.tag == 7);
        told += completion.kind == HS_COMPLETION_WRITABLE;
        if (completion.kind == HS_COMPLETION_DONE) {
            done++;
            CHECK_STATUS(completion.status, HS_ERR_CANCELLED);
        }
        release(completion);
    }
    CHECK_INT(told, how == CANCELLED);
    nothing_there(pool);
    if (how != FREED) {
        CHECK_STATUS(hs_pipe_try_write(body.pipe, "a", 1, NULL, NULL), HS_ERR_PIPE_CLOSED);
        CHECK_STATUS(hs_pipe_free(body.pipe), HS_OK);
    }
    close_pool(pool);
}

/* Neither a pool that is gone nor a request that was refused tells anybody anything. */
static void nobody_left_to_tell(void) {
    hs_pool *pool = default_pool();
    struct body body = {open_pipe(10), 100, 0, 0};
    CHECK(!write_what_fits(&body));
    const hs_upload upload = upload_from(body.pipe);
    hs_request_options request;
    submit_for_later(pool, &request, &upload, 8);
    /* It has a request. */
    REFUSED(pool, &request, HS_ERR_INVALID_ARGUMENT);
    nothing_there(pool);
    close_pool(pool);
    CHECK_STATUS(hs_pipe_try_write(body.pipe, "a", 1, NULL, NULL), HS_ERR_PIPE_CLOSED);
    CHECK_STATUS(hs_pipe_free(body.pipe), HS_OK);

    /* One that waits for nothing gets no word. */
    pool = default_pool();
    struct body other = {open_pipe(10), 10, 0, 0};
    CHECK(write_what_fits(&other));
    submit(pool, url("%s/echo", address("http")), other.pipe, 9);
    const hs_completion completion = NEXT(pool);
    CHECK(completion.kind == HS_COMPLETION_DONE);
    release(completion);
    nothing_there(pool);
    CHECK_STATUS(hs_pipe_free(other.pipe), HS_OK);
    close_pool(pool);
}

int main(int count, char **arguments) {
    begin(count, arguments);
    written_by_word_alone();
    for (int how = 0; how < ENDINGS; how++) {
        told_of_the_end((enum ending)how);
    }
    nobody_left_to_tell();
    return 0;
}
