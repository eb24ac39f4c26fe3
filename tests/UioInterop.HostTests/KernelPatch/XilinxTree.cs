using NUnit.Framework;

namespace UioInterop.HostTests.KernelPatch;

/// <summary>
/// Makes of a kernel's drivers/uio what Xilinx's kernel has there, as far as that is known: names and places. Xilinx's own file
/// is neither needed nor had.
/// </summary>
internal static class XilinxTree
{
    private const string Folder = "drivers/uio";

    // The numbers, the layout and the names of the boards' ABI.
    private const string Header =
        """
        #include <linux/types.h>
        struct uio_dmabuf_args { __s32 dbuf_fd; __u64 dma_addr; __u64 size; __u8 dir; };
        #define UIO_IOC_MAP_DMABUF _IOWR('U', 1, struct uio_dmabuf_args)
        #define UIO_IOC_UNMAP_DMABUF _IOWR('U', 2, struct uio_dmabuf_args)

        """;

    private const string Ioctl =
        """
        static long uio_ioctl(struct file *filep, unsigned int cmd, unsigned long arg)
        {
        	struct uio_listener *listener = filep->private_data;
        	long ret;

        	switch (cmd) {
        	case UIO_IOC_MAP_DMABUF:
        		ret = uio_dmabuf_map(listener->dev, &listener->dbufs,
        				     &listener->dbufs_lock, (void __user *)arg);
        		break;
        	case UIO_IOC_UNMAP_DMABUF:
        		ret = uio_dmabuf_unmap(listener->dev, &listener->dbufs,
        				       &listener->dbufs_lock, (void __user *)arg);
        		break;
        	default:
        		ret = -EINVAL;
        	}

        	return ret;
        }


        """;

    /// <summary>The core is uio_core.c, and uio.ko is made of two objects.</summary>
    public static void MakeNewer(ScratchFolder folder, string tree)
    {
        Make(folder, tree, "uio_core.c",
            "\tret = uio_dmabuf_cleanup(idev, &listener->dbufs,\n\t\t\t\t &listener->dbufs_lock);\n"
            + "\tif (ret)\n\t\tdev_err(&idev->dev, \"failed to clean up the dma bufs\\n\");\n\n",
            "+= uio.o\nuio-objs := uio_core.o uio_dmabuf.o\n");
        File.Delete(folder.PathOf($"{tree}/{Folder}/uio.c"));
    }

    /// <summary>The core is uio.c, with an object beside it.</summary>
    public static void MakeOlder(ScratchFolder folder, string tree) =>
        Make(folder, tree, "uio.c", "\tuio_dmabuf_cleanup(idev, &listener->dbufs, &listener->dbufs_lock);\n", "+= uio.o uio_dmabuf.o\n");

    private static void Make(ScratchFolder folder, string tree, string core, string cleanUp, string objects)
    {
        var text = folder.Read($"{tree}/{Folder}/uio.c");
        text = Insert(text, "#define UIO_MAX_DEVICES", "#include <uapi/linux/uio/uio.h>\n\n#include \"uio_dmabuf.h\"\n\n");
        text = Insert(text, "};\n\nstatic int uio_open", "\tstruct list_head dbufs;\n\tstruct mutex dbufs_lock; /* protect @dbufs */\n");
        text = Insert(
            text, "\treturn 0;\n\nerr_infoopen:", "\tINIT_LIST_HEAD(&listener->dbufs);\n\tmutex_init(&listener->dbufs_lock);\n\n");
        var release = text.IndexOf("static int uio_release", StringComparison.Ordinal);
        text = text[..release] + Insert(text[release..], "\tmutex_lock", cleanUp);
        text = Insert(text, "static const struct file_operations uio_fops = {", Ioctl);
        text = Insert(text, "\t.llseek\t\t= noop_llseek,", "\t.unlocked_ioctl\t= uio_ioctl,\n");
        folder.Write($"{tree}/{Folder}/{core}", text);

        var makefile = folder.Read($"{tree}/{Folder}/Makefile").Replace("+= uio.o\n", objects, StringComparison.Ordinal);
        folder.Write($"{tree}/{Folder}/Makefile", makefile + "obj-$(CONFIG_UIO_XILINX_APM)\t+= uio_xilinx_apm.o\n");
        foreach (var file in new[] { "uio_dmabuf.c", "uio_dmabuf.h", "uio_xilinx_apm.c" })
            folder.Write($"{tree}/{Folder}/{file}", "/* Xilinx's */\n");
        Directory.CreateDirectory(folder.PathOf($"{tree}/include/uapi/linux/uio"));
        folder.Write($"{tree}/include/uapi/linux/uio/uio.h", Header);
    }

    private static string Insert(string text, string before, string what)
    {
        var place = text.IndexOf(before, StringComparison.Ordinal);
        Assert.That(place, Is.Positive, before);
        return text.Insert(place, what);
    }
}
