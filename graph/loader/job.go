package loader

import (
	"context"

	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/job"
)

type deadJobRow = job.Dead

// DeadJob is a job that was given up, in a response.
type DeadJob struct {
	*deadJobRow
	place[job.Dead]
}

// DeadJobs are the door for jobs that were given up.
var DeadJobs = &Kind[job.Dead, DeadJob]{id.Job, func(j *job.Dead) int { return j.ID },
	func(j *job.Dead, p place[job.Dead]) DeadJob { return DeadJob{j, p} }, deadJobsByIDs}

// PublicID is the job's id in the API.
func (j *DeadJob) PublicID() string { return j.deadJobRow.PublicID() }

func deadJobsByIDs(ctx context.Context, r *Response, keys []int) (map[int]*job.Dead, error) {
	return r.Jobs.ByIDs(ctx, keys)
}
