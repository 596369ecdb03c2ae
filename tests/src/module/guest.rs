//! The module's memory.

use wasmi::{Caller, Error, Memory, TypedFunc};

use super::world::World;

/// A call of the module to its host.
pub(super) struct Guest<'a>(pub(super) Caller<'a, World>);

impl Guest<'_> {
    pub(super) fn world(&mut self) -> &mut World {
        self.0.data_mut()
    }

    fn memory(&self) -> Result<Memory, Error> {
        let export = self.0.get_export("memory");
        export
            .and_then(wasmi::Extern::into_memory)
            .ok_or_else(|| Error::new("the module exports no memory"))
    }

    pub(super) fn read(&self, place: u32, size: u32) -> Result<Vec<u8>, Error> {
        let mut bytes = vec![0; size as usize];
        self.memory()?.read(&self.0, place as usize, &mut bytes)?;
        Ok(bytes)
    }

    pub(super) fn text(&self, place: u32, size: u32) -> Result<String, Error> {
        let text = String::from_utf8(self.read(place, size)?);
        text.map_err(|_| Error::new("a name that is not UTF-8"))
    }

    pub(super) fn number(&self, place: u32) -> Result<u32, Error> {
        let mut bytes = [0; 4];
        self.memory()?.read(&self.0, place as usize, &mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    pub(super) fn write(&mut self, place: u32, bytes: &[u8]) -> Result<(), Error> {
        let memory = self.memory()?;
        Ok(memory.write(&mut self.0, place as usize, bytes)?)
    }

    /// Hands bytes over in memory that the module gives for it.
    pub(super) fn give(&mut self, bytes: &[u8], data: u32, size: u32) -> Result<(), Error> {
        let place = if bytes.is_empty() {
            0
        } else {
            let size = length(bytes);
            let allocate = self.0.get_export("proxy_on_memory_allocate");
            let allocate: TypedFunc<u32, u32> = allocate
                .and_then(wasmi::Extern::into_func)
                .ok_or_else(|| Error::new("the module gives no memory"))?
                .typed(&self.0)?;
            let place = allocate.call(&mut self.0, size)?;
            self.write(place, bytes)?;
            place
        };
        self.write(data, &place.to_le_bytes())?;
        self.write(size, &length(bytes).to_le_bytes())
    }
}

pub(super) fn length(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).expect("32 bits")
}
