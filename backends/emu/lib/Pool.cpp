// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The host's threads. The thread that launches works too; the pool's threads
// join when a launch has more than one block.
#include "Scheduler.h"

#include <algorithm>
#include <condition_variable>
#include <cstdlib>
#include <sched.h>
#include <thread>

namespace terrazzo::emu {

namespace {
class Pool {
public:
  static Pool &instance() {
    // Never destroyed: its threads may outlive static objects.
    static Pool *pool = new Pool;
    return *pool;
  }
  void run(LaunchJob &job) {
    if (job.blocks > 1 && hostThreads() > 1)
      offer(job);
    Worker::ofThread().run(job);
    if (job.blocks <= 1 || hostThreads() <= 1)
      return;
    std::unique_lock lock(mutex);
    jobs.erase(std::remove(jobs.begin(), jobs.end(), &job), jobs.end());
    done.wait(lock, [&] { return job.workers == 0; });
  }

private:
  void offer(LaunchJob &job) {
    {
      std::lock_guard lock(mutex);
      jobs.push_back(&job);
      size_t wanted = hostThreads() - 1;
      while (threads < wanted) {
        std::thread([this] { work(); }).detach();
        ++threads;
      }
    }
    arrived.notify_all();
  }
  void work() {
    std::unique_lock lock(mutex);
    while (true) {
      LaunchJob *job = nullptr;
      for (LaunchJob *candidate : jobs)
        if (!candidate->stop && candidate->nextBlock < candidate->blocks) {
          job = candidate;
          break;
        }
      if (!job) {
        arrived.wait(lock);
        continue;
      }
      ++job->workers;
      lock.unlock();
      Worker::ofThread().run(*job);
      lock.lock();
      if (--job->workers == 0)
        done.notify_all();
    }
  }
  std::mutex mutex;
  std::condition_variable arrived, done;
  std::vector<LaunchJob *> jobs;
  size_t threads = 0;
};
} // namespace

unsigned hostThreads() {
  static const unsigned count = [] {
    if (const char *text = std::getenv("TERRAZZO_EMU_THREADS")) {
      int asked = std::atoi(text);
      if (asked > 0)
        return unsigned(std::min(asked, 1024));
    }
    cpu_set_t set;
    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0)
      return unsigned(CPU_COUNT(&set));
    return std::max(1u, std::thread::hardware_concurrency());
  }();
  return count;
}

void runJob(LaunchJob &job) { Pool::instance().run(job); }

} // namespace terrazzo::emu
