/* A minimal host for a Biandun key: open the line, resync, send one request in clear, print the reply.
 *
 *   cc -std=c99 -Wall -Wextra -o minimal-host minimal-host.c
 *   ./minimal-host /dev/ttyACM0              sends info, 8201a10001: [1, {0: 1}]
 *   ./minimal-host /dev/ttyACM0 8209a0       any other request, as CBOR in hexadecimal: chain_state, [9, {}]
 *
 * Sections are those of protocol/SPEC.md.  Ends with 0 for a reply, 1 for an error of the key, 2 when nothing answers. */
#define _POSIX_C_SOURCE 200809L
#define _DEFAULT_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

enum { REQUEST = 1, REPLY = 2, ERROR = 3, KEEPALIVE = 4, RESYNC = 6, FRAME = 4096, MESSAGE = 8192, HEADER = 8 };
static uint8_t line[FRAME + 32], message[MESSAGE];
static int port;

static uint32_t crc32(const uint8_t *at, size_t size) { /* 2.1: ISO-HDLC */
    uint32_t crc = 0xffffffff;
    while (size--) {
        crc ^= *at++;
        for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
    }
    return ~crc;
}

static void send_frame(int kind, int id, const uint8_t *payload, size_t size) {
    uint8_t plain[FRAME] = {(uint8_t)kind, 0, (uint8_t)(id >> 8), (uint8_t)id}, out[FRAME + 32];
    memcpy(plain + HEADER, payload, size);
    uint32_t crc = crc32(plain, HEADER + size);
    for (int byte = 0; byte < 4; byte++) plain[HEADER + size + byte] = (uint8_t)(crc >> (24 - 8 * byte));
    size_t length = HEADER + size + 4, start = 1, end = 2; /* out[0]: a delimiter ends what was begun */
    out[0] = 0;
    for (size_t at = 0; at < length; at++) { /* COBS: each run begins with its length + 1 */
        if (plain[at]) out[end++] = plain[at];
        if (!plain[at] || end - start == 255) {
            out[start] = (uint8_t)(end - start);
            start = end++;
        }
    }
    out[start] = (uint8_t)(end - start);
    out[end++] = 0;
    for (size_t at = 0; at < end;) {
        ssize_t done = write(port, out + at, end - at);
        if (done <= 0) return;
        at += (size_t)done;
    }
}

/* Read one frame, decoded into `line`; its payload's size, or -1 after half a second without one (limit retransmit_ms). */
static int read_frame(void) {
    static uint8_t coded[FRAME + 32];
    size_t held = 0;
    for (;;) {
        struct pollfd wait = {.fd = port, .events = POLLIN};
        uint8_t byte;
        if (poll(&wait, 1, 500) <= 0 || read(port, &byte, 1) != 1) return -1;
        if (byte && held < sizeof coded) { coded[held++] = byte; continue; }
        if (byte) continue;
        size_t size = 0, at = 0, good = held > 0;
        while (good && at < held) {
            size_t run = coded[at++];
            if (run - 1 > held - at) { good = 0; break; }
            memcpy(line + size, coded + at, run - 1);
            size += run - 1, at += run - 1;
            if (run < 255 && at < held) line[size++] = 0;
        }
        held = 0;
        if (!good || size < HEADER + 4 || size > FRAME || line[1] > 1) continue;
        uint32_t crc = 0;
        for (int part = 0; part < 4; part++) crc = crc << 8 | line[size - 4 + part];
        if (crc == crc32(line, size - 4)) return (int)size - HEADER - 4;
    }
}

/* Send until answered: the whole answer in `message`, its kind in *kind.  Fragments come in order (2.2). */
static int exchange(int send, int id, const uint8_t *payload, size_t size, int *kind) {
    for (int attempt = 0; attempt < 20; attempt++) {
        size_t held = 0;
        send_frame(send, id, payload, size);
        for (int found; (found = read_frame()) >= 0;) {
            size_t offset = (size_t)line[4] << 24 | line[5] << 16 | line[6] << 8 | line[7];
            *kind = line[0];
            if (*kind == KEEPALIVE || (line[2] << 8 | line[3]) != id) continue;
            if (send == RESYNC ? *kind != RESYNC : *kind != REPLY && *kind != ERROR) continue;
            if (offset == 0) held = 0;
            if (offset != held || held + (size_t)found > MESSAGE) continue;
            memcpy(message + held, line + HEADER, (size_t)found);
            held += (size_t)found;
            if (!(line[1] & 1)) return (int)held;
        }
    }
    return -1;
}

static const uint8_t *show(const uint8_t *at, const uint8_t *end) { /* 3: CBOR, as diagnostic notation */
    if (at >= end) return end;
    int major = *at >> 5, info = *at++ & 31, width = info < 24 ? 0 : 1 << (info - 24);
    if (info > 27 || width > end - at) return end;
    uint64_t value = info < 24 ? (uint64_t)info : 0;
    while (width--) value = value << 8 | *at++;
    if (major == 0) printf("%llu", (unsigned long long)value);
    if (major == 1) printf("-%llu", (unsigned long long)value + 1);
    if (major == 7) printf(value == 21 ? "true" : "false");
    if ((major == 2 || major == 3) && value <= (uint64_t)(end - at)) {
        printf(major == 2 ? "h'" : "\"");
        for (uint64_t left = value; left--; at++) { /* a control character is shown, never sent */
            if (major == 2) printf("%02x", *at);
            else if (*at < 32 || *at == 127 || *at == '"') printf("\\x%02x", *at);
            else putchar(*at);
        }
        printf(major == 2 ? "'" : "\"");
    }
    if (major == 4 || major == 5) {
        putchar(major == 4 ? '[' : '{');
        for (uint64_t item = 0; item < value && at < end; item++) {
            if (item) printf(", ");
            at = show(at, end);
            if (major == 5) { printf(": "); at = show(at, end); }
        }
        putchar(major == 4 ? ']' : '}');
    }
    return at;
}

int main(int count, char **words) {
    const char *hex = count > 2 ? words[2] : "8201a10001"; /* info: [1, {0: 1}] */
    uint8_t request[FRAME - 12];
    size_t size = 0;
    struct termios raw;
    int kind = 0;
    for (unsigned byte; size < sizeof request && sscanf(hex + 2 * size, "%2x", &byte) == 1; size++) request[size] = (uint8_t)byte;
    if (count < 2 || !size || (port = open(words[1], O_RDWR | O_NOCTTY)) < 0) return fprintf(stderr, "minimal-host PORT [HEX]\n"), 2;
    if (!tcgetattr(port, &raw)) { cfmakeraw(&raw); tcsetattr(port, TCSANOW, &raw); }
    uint8_t hello[11] = {0xa1, 0x00, 0x48}; /* 2.4: {0: nonce of 8 bytes}, another for each link */
    int random = open("/dev/urandom", O_RDONLY);
    if (random < 0 || read(random, hello + 3, 8) != 8) return 2;
    int found = exchange(RESYNC, 0, hello, sizeof hello, &kind);
    if (found >= 0) found = exchange(REQUEST, 1, request, size, &kind);
    if (found < 0) return fprintf(stderr, "no answer\n"), 2;
    printf(kind == REPLY ? "reply " : "error ");
    show(message, message + found);
    putchar('\n');
    return kind == REPLY ? 0 : 1;
}
