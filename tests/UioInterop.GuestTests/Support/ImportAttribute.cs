namespace UioInterop.GuestTests.Support;

/// <summary>An attribute of a UIO device's imports: /sys/class/uio/uioN/dmabuf/.</summary>
internal sealed record ImportAttribute(string DevicePath, string Name)
{
    public string Path => $"/sys/class/uio/{System.IO.Path.GetFileName(DevicePath)}/dmabuf/{Name}";

    public long Value => long.Parse(File.ReadAllText(Path), null);

    /// <summary>One of the device under test.</summary>
    public static ImportAttribute UnderTest(string name) => new(Support.UnderTest.DevicePath, name);

    public void Write(string value) => File.WriteAllText(Path, value);

    /// <summary>Gives it another value until the result is disposed.</summary>
    public IDisposable Set(string value)
    {
        var restored = new Restored(this, File.ReadAllText(Path));
        Write(value);
        return restored;
    }

    private sealed record Restored(ImportAttribute Attribute, string Value) : IDisposable
    {
        public void Dispose() => Attribute.Write(Value);
    }
}
