// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See ReadSound.h.
#include "speech/ReadSound.h"

#include "speech/LogMel.h"
#include "speech/SoundLibraries.h"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <fcntl.h>
#include <memory>
#include <sys/stat.h>
#include <unistd.h>

namespace terrazzo::speech {

namespace {

constexpr int lowestRate = 1000, highestRate = 768000, mostChannels = 64;
constexpr double mostHours = 10;
constexpr size_t block = 1u << 16;

Error unreadable(const std::string &path, int code) {
  return {ExitCode::Usage,
          "TZ0011",
          "the input cannot be read",
          path,
          strerror(code),
          "check the path and its rights"};
}

Error noSound(const std::string &path, const std::string &why) {
  return {ExitCode::Usage,
          "TZ0910",
          "the file is no sound that can be read",
          path,
          why,
          "WAV, FLAC, Ogg and MP3 are read; others convert with: ffmpeg -i "
          "FILE sound.wav"};
}

Error unusable(const std::string &path, const std::string &why,
               const std::string &help) {
  return {
      ExitCode::Usage, "TZ0911", "the sound cannot be used", path, why, help};
}

/// What libsndfile reads from: bytes in memory, since a pipe has no places.
struct Bytes {
  std::vector<char> content;
  sf_count_t at = 0;

  static Bytes &of(void *user) { return *static_cast<Bytes *>(user); }
  sf_count_t size() const { return sf_count_t(content.size()); }

  static sf_count_t length(void *user) { return of(user).size(); }
  static sf_count_t tell(void *user) { return of(user).at; }
  static sf_count_t seek(sf_count_t offset, int whence, void *user) {
    Bytes &self = of(user);
    sf_count_t from = whence == SEEK_SET   ? 0
                      : whence == SEEK_CUR ? self.at
                                           : self.size();
    if (offset < -from || offset > self.size() - from)
      return -1;
    return self.at = from + offset;
  }
  static sf_count_t read(void *to, sf_count_t count, void *user) {
    Bytes &self = of(user);
    sf_count_t taken = std::clamp<sf_count_t>(count, 0, self.size() - self.at);
    memcpy(to, self.content.data() + self.at, size_t(taken));
    self.at += taken;
    return taken;
  }
  static sf_count_t write(const void *, sf_count_t, void *) { return 0; }
};

struct CloseDescriptor {
  int descriptor;
  ~CloseDescriptor() {
    if (descriptor > 0)
      close(descriptor);
  }
};

Status readBytes(const std::string &path, std::vector<char> &bytes) {
  CloseDescriptor file{path == "-" ? 0
                                   : open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  struct stat status;
  if (file.descriptor < 0 || fstat(file.descriptor, &status) != 0)
    return unreadable(path, errno);
  if (S_ISDIR(status.st_mode))
    return unreadable(path, EISDIR);
  constexpr uint64_t most = uint64_t(8) << 30;
  for (;;) {
    size_t used = bytes.size();
    if (used > most)
      return unusable(path, "it is larger than 8 GiB", "cut it into parts");
    bytes.resize(used + block);
    ssize_t count = read(file.descriptor, bytes.data() + used, block);
    bytes.resize(used + size_t(std::max<ssize_t>(count, 0)));
    if (count < 0 && errno != EINTR)
      return unreadable(path, errno);
    if (count == 0)
      return {};
  }
}

class Reader {
public:
  explicit Reader(const std::string &path) : path(path) {}

  Expected<std::vector<float>> run() {
    auto opened = openSoundLibraries();
    if (!opened)
      return opened.takeError();
    calls = *opened;
    for (auto step : {&Reader::openFile, &Reader::readAll, &Reader::resample})
      if (Status status = (this->*step)(); !status)
        return status.takeError();
    return std::move(samples);
  }

private:
  Status openFile() {
    if (Status status = readBytes(path, bytes.content); !status)
      return status;
    if (bytes.content.empty())
      return noSound(path, "it is empty");
    SF_VIRTUAL_IO reads{Bytes::length, Bytes::seek, Bytes::read, Bytes::write,
                        Bytes::tell};
    file = {calls->sf_open_virtual(&reads, SFM_READ, &info, &bytes),
            calls->sf_close};
    if (!file)
      return noSound(path, reason());
    if (info.channels < 1 || info.channels > mostChannels)
      return unusable(path,
                      "it has " + std::to_string(info.channels) + " channels",
                      "give sound of 1 to 64 channels");
    if (info.samplerate < lowestRate || info.samplerate > highestRate)
      return unusable(path,
                      "it has " + std::to_string(info.samplerate) +
                          " samples a second, and 1000 to 768000 are read",
                      "convert it with: ffmpeg -i FILE -ar 16000 sound.wav");
    return {};
  }

  /// libsndfile's own words, without its full stop.
  std::string reason() const {
    std::string text = calls->sf_strerror(nullptr);
    while (!text.empty() && (text.back() == '.' || text.back() == '\n'))
      text.pop_back();
    return text;
  }

  Status readAll() {
    size_t channels = size_t(info.channels);
    std::vector<float> part(block / channels * channels);
    uint64_t most = uint64_t(mostHours * 3600 * info.samplerate);
    for (;;) {
      sf_count_t frames = calls->sf_readf_float(
          file.get(), part.data(), sf_count_t(part.size() / channels));
      if (frames <= 0)
        break;
      for (size_t i = 0; i < size_t(frames); ++i) {
        float sum = 0;
        for (size_t c = 0; c < channels; ++c)
          sum += part[i * channels + c];
        if (!std::isfinite(sum))
          return unusable(path, "a sample is no finite number",
                          "make it again from its source");
        samples.push_back(sum / float(channels));
      }
      if (samples.size() > most)
        return unusable(path, "it is longer than 10 hours",
                        "cut it into parts");
    }
    if (samples.empty())
      return unusable(path, "it holds no samples", "record it again");
    file.reset();
    std::vector<char>().swap(bytes.content);
    return {};
  }

  Status resample() {
    if (info.samplerate == int(sampleRate))
      return {};
    double ratio = double(sampleRate) / info.samplerate;
    std::vector<float> target(
        size_t(std::ceil(double(samples.size()) * ratio)) + 1);
    SRC_DATA data{};
    data.data_in = samples.data();
    data.data_out = target.data();
    data.input_frames = long(samples.size());
    data.output_frames = long(target.size());
    data.src_ratio = ratio;
    if (int code = calls->src_simple(&data, SRC_SINC_BEST_QUALITY, 1))
      return unusable(path, calls->src_strerror(code),
                      "convert it with: ffmpeg -i FILE -ar 16000 sound.wav");
    target.resize(size_t(data.output_frames_gen));
    if (target.empty())
      return unusable(path, "it holds almost nothing", "record it again");
    samples = std::move(target);
    return {};
  }

  const std::string &path;
  const SoundLibraries *calls = nullptr;
  Bytes bytes;
  SF_INFO info{};
  std::unique_ptr<SNDFILE, decltype(SoundLibraries::sf_close)> file{nullptr,
                                                                    nullptr};
  std::vector<float> samples;
};

} // namespace

Expected<std::vector<float>> readSound(const std::string &path) {
  return Reader(path).run();
}

} // namespace terrazzo::speech
