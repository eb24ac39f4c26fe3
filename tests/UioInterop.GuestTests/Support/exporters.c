// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <stdint.h>
#include <sys/ioctl.h>

/* drm/drm.h, which no C library brings. */
struct drm_mode_create_dumb {
	uint32_t height, width, bpp, flags;
	uint32_t handle, pitch;
	uint64_t size;
};

struct drm_mode_map_dumb {
	uint32_t handle, pad;
	uint64_t offset;
};

struct drm_prime_handle {
	uint32_t handle, flags;
	int32_t fd;
};

/* drm/vgem_drm.h: a fence on a buffer, as a driver sets it while it works. */
struct drm_vgem_fence_attach {
	uint32_t handle, flags, out_fence, pad;
};

struct drm_vgem_fence_signal {
	uint32_t fence, flags;
};

#define DRM_IOCTL_VGEM_FENCE_ATTACH	_IOWR('d', 0x41, struct drm_vgem_fence_attach)
#define DRM_IOCTL_VGEM_FENCE_SIGNAL	_IOW('d', 0x42, struct drm_vgem_fence_signal)
#define VGEM_FENCE_WRITE		1
#define DRM_IOCTL_PRIME_FD_TO_HANDLE	_IOWR('d', 0x2e, struct drm_prime_handle)
#define DRM_IOCTL_PRIME_HANDLE_TO_FD	_IOWR('d', 0x2d, struct drm_prime_handle)
#define DRM_IOCTL_MODE_CREATE_DUMB	_IOWR('d', 0xb2, struct drm_mode_create_dumb)
#define DRM_IOCTL_MODE_MAP_DUMB		_IOWR('d', 0xb3, struct drm_mode_map_dumb)
#define DRM_CLOEXEC			O_CLOEXEC
#define DRM_RDWR			O_RDWR

static int32_t call(int32_t fd, unsigned long command, void *argument)
{
	int result;

	do
		result = ioctl(fd, command, argument);
	while (result < 0 && errno == EINTR);
	return result < 0 ? -errno : 0;
}

/* A buffer of a graphics driver, as dma-buf and as place to map in the card. */
int32_t drm_export(int32_t card, uint32_t length, int32_t *dmabuf, uint64_t *offset)
{
	struct drm_mode_create_dumb create = { .width = length, .height = 1, .bpp = 8 };
	struct drm_prime_handle prime = { .flags = DRM_CLOEXEC | DRM_RDWR };
	struct drm_mode_map_dumb map = { 0 };
	int32_t result;

	result = call(card, DRM_IOCTL_MODE_CREATE_DUMB, &create);
	if (result)
		return result;

	prime.handle = map.handle = create.handle;
	result = call(card, DRM_IOCTL_MODE_MAP_DUMB, &map);
	if (!result)
		result = call(card, DRM_IOCTL_PRIME_HANDLE_TO_FD, &prime);
	*dmabuf = prime.fd;
	*offset = map.offset;
	return result;
}

/* Sets a fence for a writer on a buffer of the card. It expires after 10 s. */
int32_t drm_set_fence(int32_t card, int32_t dmabuf, uint32_t *fence)
{
	struct drm_prime_handle prime = { .fd = dmabuf };
	struct drm_vgem_fence_attach attach = { .flags = VGEM_FENCE_WRITE };
	int32_t result;

	result = call(card, DRM_IOCTL_PRIME_FD_TO_HANDLE, &prime);
	if (result)
		return result;

	attach.handle = prime.handle;
	result = call(card, DRM_IOCTL_VGEM_FENCE_ATTACH, &attach);
	*fence = attach.out_fence;
	return result;
}

/* -ETIMEDOUT: it had expired. */
int32_t drm_signal_fence(int32_t card, uint32_t fence)
{
	struct drm_vgem_fence_signal signal = { .fence = fence };

	return call(card, DRM_IOCTL_VGEM_FENCE_SIGNAL, &signal);
}

/* The first buffer of a camera, the same way. */
int32_t v4l2_export(int32_t video, int32_t *dmabuf, uint32_t *length, uint64_t *offset)
{
	struct v4l2_requestbuffers request = {
		.count = 2, .type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .memory = V4L2_MEMORY_MMAP,
	};
	struct v4l2_buffer buffer = { .type = request.type, .memory = request.memory };
	struct v4l2_exportbuffer export = { .type = request.type, .flags = O_RDWR | O_CLOEXEC };
	int32_t result;

	result = call(video, VIDIOC_REQBUFS, &request);
	if (!result)
		result = call(video, VIDIOC_QUERYBUF, &buffer);
	if (!result)
		result = call(video, VIDIOC_EXPBUF, &export);
	*dmabuf = export.fd;
	*length = buffer.length;
	*offset = buffer.m.offset;
	return result;
}

/* Has the camera fill its first buffer with a frame. */
int32_t v4l2_capture(int32_t video)
{
	struct v4l2_buffer buffer = {
		.type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .memory = V4L2_MEMORY_MMAP,
	};
	int type = buffer.type;
	int32_t result;

	result = call(video, VIDIOC_QBUF, &buffer);
	buffer.index = 1;
	if (!result)
		result = call(video, VIDIOC_QBUF, &buffer);
	if (!result)
		result = call(video, VIDIOC_STREAMON, &type);
	do {
		if (!result)
			result = call(video, VIDIOC_DQBUF, &buffer);
	} while (!result && buffer.index);
	call(video, VIDIOC_STREAMOFF, &type);
	return result;
}
