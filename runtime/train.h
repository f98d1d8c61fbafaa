/* train.h: a training run: the parts of the loop (train.c), of its folder (folder.c), and of what it tells (progress.c, metrics.c).
 *
 * struct training lives as long as train_command; its parts own what their comments say. What checkpoints hold of it is
 * block, block_step and total; the rest follows from flags and model. */
#ifndef GANRT_TRAIN_H
#define GANRT_TRAIN_H

#include "alarms.h"
#include "bitmap.h"
#include "json.h"
#include "options.h"
#include "reports.h"
#include "run.h"

struct safetensors;

struct training_flags {
    const char *out, *tensorboard; /* tensorboard: a folder, or NULL */
    const char *on_nan;       /* "stop" or "rollback" */
    const char *alarms;        /* steps between looks, or off; NULL: alarms.c knows */
    const char *weights, *map; /* first values from a file (weights.h); or NULL */
    struct options_rest load; /* and of parts of the model */
    int64_t steps;            /* the total, counted over blocks and resumes; 0: what the model says */
    struct option_every checkpoint_every;
    int64_t log_every, pictures_every, keep;
    const char *keep_best;    /* METRIC[:min|max], or NULL */
    bool resume;
};

/* Of metrics.jsonl, when the checkpoint of a step was made. */
struct metrics_record {
    uint64_t step, lines, bytes, sum;
};

#define METRICS_RECORDS 64 /* so many are remembered, those of the newest checkpoints */

struct metrics_log {
    uint64_t lines, bytes;
    struct checksum *sum; /* of these bytes; owned */
    uint32_t nrecords;
    struct metrics_record records[METRICS_RECORDS]; /* by step */
};

/* The metric that --keep-best follows, and what the log has of it. */
struct best_value {
    double value;
    uint64_t step;
    bool known;
};

struct best {
    char *path;               /* checkpoints/best.safetensors; owned; NULL: no --keep-best */
    uint32_t result;          /* the metric */
    bool most;                /* the largest is the best */
    bool kept;                /* the file is there and whole, */
    uint64_t step;            /* of this step */
    struct best_value of_file, of_log, newest; /* the value that stands in the file; when resuming: the best of the log, and its last */
};

struct training {
    struct run *run;
    struct training_flags flags;
    char *out;                /* the run's folder; owned */
    struct weights *weights;  /* until training starts; owned */

    uint32_t block;           /* of model->trains */
    uint64_t block_step;      /* passes of the block that are done */
    uint64_t total;           /* of all blocks: the number in file names and logs */
    uint64_t saved;           /* total of the newest checkpoint; UINT64_MAX: none */
    double saved_at;          /* run_clock */

    char **names;             /* of results, made different where the model has one name twice; owned */
    uint32_t *objectives;     /* results that must be finite after each pass; owned */
    uint32_t nobjectives;
    struct reports reports;
    bool *fresh;              /* for each report: evaluated at this step; owned */

    int metrics;              /* metrics.jsonl, locked; -1 */
    struct metrics_log log;
    struct alarms *alarms;    /* NULL: off; owned */
    struct best best;
    struct json_out line;     /* room for a line of it */
    struct training_trace {
        bool rollback;        /* --on-nan rollback */
        bool back;            /* training was set back just now */
        bool again;           /* steps are run again, to see where something began */
        uint32_t turns;       /* so often to the newest checkpoint */
        uint64_t turned;      /* its step */
        uint64_t looked;      /* total when all tensors were looked at last, and + 1 */
        double epoch;         /* of a step that is run again without its data; or 0 */
        uint8_t *may;         /* tensors that held infinities from the beginning, and may; owned */
    } trace;
    struct {
        char *path;           /* the event file; owned, as are the bytes */
        int fd;               /* locked; -1: nobody watches */
        struct bytes line, summary;
    } tensorboard;
    double earlier;           /* seconds of training before this process */
    double began;             /* run_clock */
    double loaded, room;      /* bytes resident when the data had been loaded, before the arena was touched; bytes that were left then */

    struct {
        bool live;            /* a line rewritten in place; otherwise plain lines */
        int drawn;            /* columns of the line on the terminal */
        double next, wait;    /* run_clock of the next line, and seconds to the one after */
        double rate_at;       /* where the rate was last measured: clock and step */
        uint64_t rate_total;
        double rate;          /* steps a second */
    } progress;
};

/* memory.c: of this process, in bytes, from /proc; 0 where the system does not say */
double memory_resident(void);
double memory_peak(void);

/* train.c */
bool training_complete(const struct training *t); /* has all of the model's schedule run, whatever --steps says? */
double training_goal(struct training *t); /* steps of all blocks up to the end of this one; NaN where only epochs are known */
double training_part(struct training *t); /* of the current block: done, from 0 to 1 */
bool training_restore(struct training *t, const struct safetensors *file, struct error *e); /* to a checkpoint's state */
bool training_step(struct training *t);   /* a pass, of the next block where this one is done; false: none is left */
void training_pass(struct training *t);   /* the pass itself; where it is the block's first, what begins with the block */
double training_seconds(const struct training *t); /* the resumed part included */

/* folder.c: the run's folder: model.gan, run.json, checkpoints/, pictures/ */
bool folder_begin(struct training *t, struct error *e);  /* a new run: makes the folder; one that is not empty is an error */
bool folder_resume(struct training *t, struct error *e); /* before data is opened: is there a run? its data paths where none were given */
bool folder_lock(struct training *t, struct error *e);   /* makes what is missing; opens metrics.jsonl; one trainer a folder */
bool folder_record(struct training *t, struct error *e); /* writes model.gan and run.json; warns where the model's text or the data is not what it was */

/* metrics.c: metrics.jsonl */
bool metrics_begin(struct training *t, struct error *e); /* drops lines after t->total (of a run that was cut off); warns where lines are lost */
bool metrics_line(struct training *t, struct error *e);
bool metrics_rollback(struct training *t, uint64_t from, uint64_t number, struct error *e); /* a line that says so */
bool metrics_has(const struct training *t, uint32_t result); /* is it in the line of this step? */
bool metrics_sync(struct training *t, struct error *e);  /* before a checkpoint, so that it never knows more steps than the log */
void metrics_record_read(struct training *t);               /* metrics_record.c: saved.json, of a run that is resumed */
bool metrics_record_write(struct training *t, struct error *e); /* after metrics_sync, before the checkpoint */
const struct metrics_record *metrics_record_of(const struct training *t, uint64_t step); /* or NULL */
double training_epoch(const struct training *t);         /* from 1 (train.c) */

/* best.c: --keep-best: the checkpoint of the step whose line of metrics.jsonl has the best value stays as checkpoints/best.safetensors */
int best_begin(struct training *t);                      /* before the log is read; -1, or the exit status: it is no metric */
void best_rewind(struct training *t);                    /* the log is read from its beginning */
void best_line(struct training *t, uint64_t step, const struct json_value *line); /* a line that is there when a run is resumed */
bool best_resume(struct training *t, struct error *e);   /* after the last of them */
bool best_reached(const struct training *t);             /* has the line just written the best value so far? */
bool best_keep(struct training *t, struct error *e);     /* the checkpoint of this step, already saved, is the best */
void best_end(struct training *t);

/* pictures.c: those due at this step; all: whatever their steps. Skips those already written at this step. */
bool pictures_write(struct training *t, bool all, struct error *e);
char *picture_path(const struct training *t, uint32_t picture); /* its file for the current step; the caller frees it */

/* trace_train.c: values that are not finite. trace_check looks at the objectives, now and then at all tensors (whole: in any case). false: one is bad. Then the
 * origin was found and said, and either e->text is set, and training is to stop, or training was set back (--on-nan rollback): trace_went_back. */
bool trace_begin(struct training *t, struct error *e); /* when training has its first state */
bool trace_check(struct training *t, bool whole, struct error *e);
bool trace_went_back(struct training *t);
uint64_t trace_rollbacks(const struct training *t); /* that led to the state as it is */
void trace_end(struct training *t);

/* tensorboard.c: the same and the pictures as TensorBoard's events; nothing happens without --tensorboard */
bool tensorboard_open(struct training *t, struct error *e);  /* before anything is written: a file of another run is an error */
bool tensorboard_begin(struct training *t, struct error *e); /* drops events after t->total */
bool tensorboard_line(struct training *t, struct error *e);
bool tensorboard_image(struct training *t, const char *name, const struct bitmap *image, const struct bytes *png, struct error *e);
bool tensorboard_sync(struct training *t, struct error *e);  /* before a checkpoint */
void tensorboard_end(struct training *t);

/* progress.c: what people read, on stderr; the last words on stdout */
void progress_header(struct training *t);
void progress_step(struct training *t, bool last);
void progress_clear(struct training *t); /* before any other line is printed */
void progress_end(struct training *t);

/* signals.c: SIGINT and SIGTERM ask for an end after the step; a second one ends at once */
void signals_catch(void);
int signals_caught(void); /* the signal, or 0 */

#endif
