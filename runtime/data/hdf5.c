/* hdf5.c: HDF5 by libhdf5: fuel's files (features [n, c, h, w], targets; of its splits the training part), others with arrays of known names, and
 * MATLAB's of version 7.3 (whose axes stand the other way round).
 *
 * The library trusts what it reads: damaged files can make it crash, run on, take all memory or open other files. So it works in a process of
 * its own, with limits on all of these, which sends what it reads through a pipe; if that ends badly, it is an error of the file. */
#define _GNU_SOURCE
#include "format.h"
#include "library.h"

#include <errno.h>
#include <fcntl.h>
#include <hdf5.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define SECONDS_MOST 600 /* of processor time, and without anything coming through the pipe */
#define MEMORY_MORE ((int64_t)1 << 30) /* bytes that the process may take, beside the data */
#define READ_ONLY 0u     /* H5F_ACC_RDONLY, whose macro calls the library */


static __typeof__(H5open) *open_library;
static __typeof__(H5Eset_auto2) *set_auto;
static __typeof__(H5Fopen) *open_file;
static __typeof__(H5Dopen2) *open_array;
static __typeof__(H5Lexists) *link_exists;
static __typeof__(H5Dget_space) *get_space;
static __typeof__(H5Dget_type) *get_type;
static __typeof__(H5Dread) *read_array;
static __typeof__(H5Dget_offset) *get_offset;
static __typeof__(H5Dget_create_plist) *get_properties;
static __typeof__(H5Pget_external_count) *get_external;
static __typeof__(H5Pget_layout) *get_layout;
static __typeof__(H5Sget_simple_extent_ndims) *get_rank;
static __typeof__(H5Sget_simple_extent_dims) *get_dims;
static __typeof__(H5Sselect_hyperslab) *select_slab;
static __typeof__(H5Screate_simple) *create_space;
static __typeof__(H5Sclose) *close_space;
static __typeof__(H5Tget_class) *get_class;
static __typeof__(H5Tget_size) *get_size;
static __typeof__(H5Tget_sign) *get_sign;
static __typeof__(H5Tcopy) *copy_type;
static __typeof__(H5Tset_size) *set_size;
static __typeof__(H5Tcreate) *create_type;
static __typeof__(H5Tinsert) *insert;
static __typeof__(H5Aexists) *attribute_exists;
static __typeof__(H5Aopen) *open_attribute;
static __typeof__(H5Aread) *read_attribute;
static __typeof__(H5Aget_space) *attribute_space;
static hid_t *type_byte, *type_float, *type_double, *type_int, *type_long, *type_text;

static const struct library_symbol symbols[] = {
    {"H5open", (void **)&open_library},
    {"H5Eset_auto2", (void **)&set_auto},
    {"H5Fopen", (void **)&open_file},
    {"H5Dopen2", (void **)&open_array},
    {"H5Lexists", (void **)&link_exists},
    {"H5Dget_space", (void **)&get_space},
    {"H5Dget_type", (void **)&get_type},
    {"H5Dread", (void **)&read_array},
    {"H5Dget_offset", (void **)&get_offset},
    {"H5Dget_create_plist", (void **)&get_properties},
    {"H5Pget_external_count", (void **)&get_external},
    {"H5Pget_layout", (void **)&get_layout},
    {"H5Sget_simple_extent_ndims", (void **)&get_rank},
    {"H5Sget_simple_extent_dims", (void **)&get_dims},
    {"H5Sselect_hyperslab", (void **)&select_slab},
    {"H5Screate_simple", (void **)&create_space},
    {"H5Sclose", (void **)&close_space},
    {"H5Tget_class", (void **)&get_class},
    {"H5Tget_size", (void **)&get_size},
    {"H5Tget_sign", (void **)&get_sign},
    {"H5Tcopy", (void **)&copy_type},
    {"H5Tset_size", (void **)&set_size},
    {"H5Tcreate", (void **)&create_type},
    {"H5Tinsert", (void **)&insert},
    {"H5Aexists", (void **)&attribute_exists},
    {"H5Aopen", (void **)&open_attribute},
    {"H5Aread", (void **)&read_attribute},
    {"H5Aget_space", (void **)&attribute_space},
    {"H5T_NATIVE_UINT8_g", (void **)&type_byte},
    {"H5T_NATIVE_FLOAT_g", (void **)&type_float},
    {"H5T_NATIVE_DOUBLE_g", (void **)&type_double},
    {"H5T_NATIVE_INT32_g", (void **)&type_int},
    {"H5T_NATIVE_INT64_g", (void **)&type_long},
    {"H5T_C_S1_g", (void **)&type_text},
};
static struct library libhdf5 = {{"libhdf5_serial.so.103", "libhdf5.so.103", NULL}, "HDF5 files", "libhdf5-103-1", symbols, sizeof symbols / sizeof *symbols,
                                 PTHREAD_MUTEX_INITIALIZER, false, NULL};

/* --- in the process of its own --- */

/* What goes through the pipe before the values of an array. */
struct message {
    uint32_t kind; /* 1: an array with its values behind; 2: one that stands in the file at `at`; 0: the end, or an error where text is not empty */
    uint32_t role, type, rank;
    int64_t dims[DATA_RANK + 1], at;
    char text[400];
};

struct child {
    int pipe;
    const struct data_request *q;
    hid_t file;
    bool matlab;
    int64_t low, high; /* fuel's training part; high 0: all */
};

static void send_all(int to, const void *bytes, size_t length)
{
    for (const char *at = bytes; length;) {
        ssize_t n = write(to, at, length);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) _exit(1);
        at += n;
        length -= (size_t)n;
    }
}

static void __attribute__((noreturn)) give_up(const struct child *c, const char *what, const char *which)
{
    struct message m = {0};
    snprintf(m.text, sizeof m.text, what, c->q->path, which);
    send_all(c->pipe, &m, sizeof m);
    _exit(1);
}

/* fuel's attribute `split`: rows of (split, source, start, stop, ...); texts of fixed length, shorter ones padded with zeros. */
static void find_split(struct child *c)
{
    struct row {
        char split[32], source[32];
        int64_t start, stop;
    };
    if (attribute_exists(c->file, "split") <= 0) return;
    hid_t attribute = open_attribute(c->file, "split", H5P_DEFAULT), space = attribute_space(attribute);
    hsize_t count[H5S_MAX_RANK] = {0};
    if (attribute < 0 || get_rank(space) != 1 || get_dims(space, count, NULL) != 1 || count[0] < 1 || count[0] > 1000) return;
    hid_t text = copy_type(*type_text), type = create_type(H5T_COMPOUND, sizeof(struct row));
    set_size(text, 32);
    insert(type, "split", offsetof(struct row, split), text);
    insert(type, "source", offsetof(struct row, source), text);
    insert(type, "start", offsetof(struct row, start), *type_long);
    insert(type, "stop", offsetof(struct row, stop), *type_long);
    struct row *rows = memory_take(count[0], sizeof *rows);
    if (read_attribute(attribute, type, rows) < 0) return;
    for (hsize_t i = 0; i < count[0]; i++)
        if (!strncmp(rows[i].split, "train", 6) && !strncmp(rows[i].source, "features", 9)) c->low = rows[i].start, c->high = rows[i].stop;
}

/* Which array has this role, or NULL. */
static const char *find_array(const struct child *c, int role)
{
    static const char *const names[] = {"features", "x", "X", "images", "image", "data", "x_train", "X_train", "train_images",
                                        "targets", "y", "Y", "labels", "label", "target", "y_train", "train_labels"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (data_array_role(names[i]) == role && link_exists(c->file, names[i], H5P_DEFAULT) > 0) return names[i];
    return NULL;
}

static void send_array(const struct child *c, int role)
{
    const char *name = find_array(c, role);
    if (!name)
        give_up(c, role == 2 ? "'%s' has no array called features, X, images or data%s" : "'%s' has no array of labels called targets, y or labels%s", "");
    hid_t array = open_array(c->file, name, H5P_DEFAULT), space = get_space(array), type = get_type(array);
    hsize_t dims[H5S_MAX_RANK] = {0};
    if (array < 0) give_up(c, "'%s': the array %s cannot be opened; what stands in other files is not read", name);
    hid_t properties = get_properties(array);
    if (get_external(properties) > 0 || get_layout(properties) == H5D_VIRTUAL) give_up(c, "'%s': the array %s stands in other files, which are not read", name);
    int rank = get_rank(space);
    if (rank < 1 || rank > DATA_RANK + 1 || get_dims(space, dims, NULL) != rank) give_up(c, "'%s': the array %s has no dimensions that can be read", name);
    struct message m = {.kind = 1, .role = (uint32_t)role, .rank = (uint32_t)rank};
    H5T_class_t class = get_class(type);
    size_t size = get_size(type);
    hid_t wanted;
    if (class == H5T_FLOAT) m.type = size == 8 ? DATA_DOUBLE : DATA_FLOAT, wanted = size == 8 ? *type_double : *type_float;
    else if (class == H5T_INTEGER && size == 1 && get_sign(type) == H5T_SGN_NONE) m.type = DATA_BYTE, wanted = *type_byte;
    else if (class == H5T_INTEGER && role == 1) m.type = DATA_INTEGER, wanted = *type_int;
    else give_up(c, "'%s': the array %s holds neither bytes nor floats nor doubles", name);
    int64_t bytes = m.type == DATA_BYTE ? 1 : m.type == DATA_DOUBLE ? 8 : 4, row = bytes;
    hsize_t start[H5S_MAX_RANK] = {0};
    if (c->high > 0 && !c->matlab) {
        if (c->low < 0 || c->high <= c->low || (hsize_t)c->high > dims[0]) give_up(c, "'%s': its training part is no part of %s", name);
        start[0] = (hsize_t)c->low, dims[0] = (hsize_t)(c->high - c->low);
    }
    for (int i = 0; i < rank; i++) {
        if (dims[i] < 1 || (i && row > DATA_LIMIT / (int64_t)dims[i])) give_up(c, "'%s': the array %s has a dimension that cannot be", name);
        m.dims[i] = (int64_t)dims[i];
        if (i) row *= (int64_t)dims[i];
    }
    if (c->high > 0 && role == 2)
        snprintf(m.text, sizeof m.text, "fuel's split: its training part, items %lld to %lld", (long long)c->low, (long long)c->high - 1);
    if (m.dims[0] > DATA_LIMIT / row) give_up(c, "'%s': the array %s claims more than 2^40 bytes", name);
    if (data_is_large(c->q, m.dims[0] * row)) { /* what stands in one piece can be read where it stands */
        haddr_t at = get_offset(array);
        bool bytes_as_written = role == 2 && m.type == DATA_BYTE && at != HADDR_UNDEF && !c->matlab;
        if (!bytes_as_written) give_up(c, "'%s': the array %s is larger than --data-memory, and packed or no bytes: it cannot be read as needed", name);
        m.kind = 2;
        m.at = (int64_t)at + (int64_t)start[0] * row;
        send_all(c->pipe, &m, sizeof m);
        return;
    }
    send_all(c->pipe, &m, sizeof m);
    int64_t step = ((int64_t)16 << 20) / row;
    if (step < 1) step = 1;
    if (step > m.dims[0]) step = m.dims[0];
    char *values = malloc((size_t)(step * row));
    if (!values) _exit(2);
    for (int64_t i = 0; i < m.dims[0]; i += step) {
        if (step > m.dims[0] - i) step = m.dims[0] - i;
        hsize_t at[H5S_MAX_RANK], count[H5S_MAX_RANK];
        memcpy(at, start, sizeof at), memcpy(count, dims, sizeof count);
        at[0] += (hsize_t)i, count[0] = (hsize_t)step;
        hid_t memory = create_space(rank, count, NULL);
        if (select_slab(space, H5S_SELECT_SET, at, NULL, count, NULL) < 0 || read_array(array, wanted, memory, space, H5P_DEFAULT, values) < 0) _exit(3);
        close_space(memory);
        send_all(c->pipe, values, (size_t)(step * row));
    }
    free(values);
}

static bool is_matlab(const char *path)
{
    char head[6] = "";
    FILE *f = fopen(path, "rb");
    bool is = f && fread(head, 1, 6, f) == 6 && !memcmp(head, "MATLAB", 6);
    if (f) fclose(f);
    return is;
}

static void limit(int what, int64_t most)
{
    struct rlimit l = {(rlim_t)most, (rlim_t)most};
    setrlimit(what, &l);
}

/* Bytes of addresses that this process has already. */
static int64_t addresses(void)
{
    long long pages = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    if (f && fscanf(f, "%lld", &pages) != 1) pages = 0;
    if (f) fclose(f);
    return pages * sysconf(_SC_PAGESIZE);
}

static void __attribute__((noreturn)) work(const struct data_request *q, int pipe)
{
    struct child c = {.pipe = pipe, .q = q};
    struct error e = {""};
    int64_t taken = addresses();
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_CPU, SECONDS_MOST);
    if (taken) limit(RLIMIT_AS, taken + 2 * q->memory + MEMORY_MORE);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setenv("HDF5_USE_FILE_LOCKING", "FALSE", 1); /* not every file system has locks, and nothing is written */
    for (int i = 1; i < 32; i++) signal(i, SIG_DFL);
    signal(SIGPIPE, SIG_IGN);
    int nowhere = open("/dev/null", O_WRONLY); /* what the library, or the C library at a crash, would print */
    if (nowhere >= 0) dup2(nowhere, STDOUT_FILENO), dup2(nowhere, STDERR_FILENO);
    if (!library_load(&libhdf5, q->path, &e)) {
        struct message m = {0};
        snprintf(m.text, sizeof m.text, "%.*s", (int)sizeof m.text - 1, e.text);
        send_all(pipe, &m, sizeof m);
        _exit(1);
    }
    if (open_library() < 0) _exit(3);
    set_auto(H5E_DEFAULT, NULL, NULL); /* it would print */
    c.file = open_file(q->path, READ_ONLY, H5P_DEFAULT);
    if (c.file < 0) give_up(&c, "'%s' is a damaged HDF5 file, or cut short%s", "");
    c.matlab = is_matlab(q->path);
    limit(RLIMIT_NOFILE, 0); /* links to other files lead nowhere */
    find_split(&c);
    if (q->images) send_array(&c, 2);
    if (q->labels) send_array(&c, 1);
    struct message end = {0};
    send_all(pipe, &end, sizeof end);
    _exit(0);
}

/* --- in the trainer --- */

/* 1: all of it; 0: the pipe ended, or nothing comes any more */
static bool receive(int from, void *to, size_t length)
{
    for (char *at = to; length;) {
        struct pollfd wait = {.fd = from, .events = POLLIN};
        int ready = poll(&wait, 1, SECONDS_MOST * 1000);
        if (ready < 0 && errno == EINTR) continue;
        ssize_t n = ready > 0 ? read(from, at, length) : 0;
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        at += n;
        length -= (size_t)n;
    }
    return true;
}

/* MATLAB's axes [n, c, w, h] -> [n, h, w, c]: each item is turned round. */
static void turn(struct data_table *t)
{
    if (t->rank != 3 || t->type != DATA_BYTE) return;
    int64_t c = t->dims[0], w = t->dims[1], h = t->dims[2];
    unsigned char *spare = memory_take((size_t)t->elements, 1);
    for (int64_t i = 0; i < t->items; i++) {
        unsigned char *item = (unsigned char *)t->values + i * t->elements;
        for (int64_t y = 0; y < h; y++)
            for (int64_t x = 0; x < w; x++)
                for (int64_t k = 0; k < c; k++) spare[(y * w + x) * c + k] = item[(k * w + x) * h + y];
        memcpy(item, spare, (size_t)t->elements);
    }
    free(spare);
    t->dims[0] = h, t->dims[2] = c;
}

static bool receive_array(int from, const struct message *m, struct data_table *t, const char *path, struct error *e)
{
    const char *slash = strrchr(path, '/');
    if (m->rank < 1 || m->rank > DATA_RANK + 1 || m->type > DATA_INTEGER || t->values) return error_set(e, "'%s': HDF5's process sent nonsense", path);
    *t = (struct data_table){.type = (enum data_type)m->type, .elements = 1, .items = m->dims[0], .total = m->dims[0]};
    for (uint32_t i = 1; i < m->rank; i++) {
        if (m->dims[i] < 1 || t->elements > DATA_LIMIT / m->dims[i]) return error_set(e, "'%s': HDF5's process sent nonsense", path);
        t->dims[t->rank++] = m->dims[i], t->elements *= m->dims[i];
    }
    if (t->elements == 1) t->rank = 0;
    if (t->items < 1 || t->items > DATA_LIMIT / t->elements) return error_set(e, "'%s': HDF5's process sent nonsense", path);
    if (m->kind == 2) return true;
    int64_t bytes = t->items * t->elements * (t->type == DATA_BYTE ? 1 : t->type == DATA_DOUBLE ? 8 : 4), capacity = 0;
    t->name = memory_format("%s", slash ? slash + 1 : path);
    t->file_bytes = bytes;
    do { /* memory grows with what comes */
        int64_t at = capacity, step = at > 1 << 24 ? at : 1 << 24;
        capacity = bytes - at < step ? bytes : at + step;
        unsigned char *grown = realloc(t->values, (size_t)capacity);
        if (!grown) return error_set(e, "'%s': no memory for its %lld bytes", path, (long long)bytes);
        t->values = grown;
        if (!receive(from, grown + at, (size_t)(capacity - at))) return error_set(e, "'%s' is a damaged HDF5 file, or cut short", path);
        for (int64_t i = at; i < capacity; i += 4096) t->crc32 = t->crc32 * 31 + grown[i];
    } while (capacity < bytes);
    return true;
}

static bool receive_all(const struct data_request *q, int from, struct data_found *f, struct error *e)
{
    for (;;) {
        struct message m;
        if (!receive(from, &m, sizeof m)) return error_set(e, "'%s' is a damaged HDF5 file: the library that reads it failed", q->path);
        m.text[sizeof m.text - 1] = 0;
        if (!m.kind) return !m.text[0] || error_set(e, "%s", m.text);
        if (!receive_array(from, &m, m.role == 2 ? &f->images : &f->labels, q->path, e)) return false;
        if (m.kind == 2 && (m.at < 0 || !(f->items = data_items_raw(q->path, m.at, &f->images, e)))) return false;
        if (m.text[0]) snprintf(f->note, sizeof f->note, "%.150s", m.text);
    }
}

bool data_hdf5_recognise(const struct data_probe *p)
{
    static const unsigned char mark[8] = {0x89, 'H', 'D', 'F', '\r', '\n', 0x1a, '\n'};
    return (p->length >= 8 && !memcmp(p->head, mark, 8)) || (p->length >= 128 && !memcmp(p->head, "MATLAB 7.3 MAT-file", 19));
}

bool data_hdf5_read(const struct data_request *q, struct data_found *f, struct error *e)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC)) return error_set(e, "'%s': no pipe for the process that reads HDF5: %s", q->path, strerror(errno));
    pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        work(q, ends[1]);
    }
    close(ends[1]);
    bool ok = child > 0 ? receive_all(q, ends[0], f, e) : error_set(e, "'%s': no process to read HDF5: %s", q->path, strerror(errno));
    close(ends[0]);
    if (child > 0) {
        if (!ok) kill(child, SIGKILL);
        while (waitpid(child, NULL, 0) < 0 && errno == EINTR) {}
    }
    if (!ok) return false;
    if (is_matlab(q->path) && f->images.values) turn(&f->images);
    if (is_matlab(q->path) && f->labels.values) {
        struct data_table *t = &f->labels;
        if (t->items == 1) t->items = t->total = t->elements, t->elements = 1, t->rank = 0; /* a column there is a row here */
        if (!data_table_labels(t, q->path, e)) return false;
        data_mat_digits(f);
    }
    return !f->images.values || data_table_finite(&f->images, 0, q->path, e);
}
